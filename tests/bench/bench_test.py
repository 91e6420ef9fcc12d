#!/usr/bin/env python3
"""The pure parts of the benchmarks: no process, no port, no waiting."""

import contextlib
import io
import re
import unittest
import xml.etree.ElementTree
from pathlib import Path

import bench
import chart
import costs
import instructions
import load_client
import page
import quartiles
import report
import workloads
from windows import Latency, Summary, summarise, summarise_latency

RESULT = ('{"requests": 100, "seconds": 0.5, "rate": 200.0, "p50_us": 1, "p90_us": 2, "p99_us": 3, "p99.9_us": 4, "max_us": 5, '
          '"client_late_p99_us": 0, "not_200": 1, "errors": 2, "unanswered": 3, "reconnects": 4, "idle_lost": 5, '
          '"server_cpu_us": 1000, "client_cpu_us": 2000}')
CONDITIONS = {"compiler": "gcc 12.2.0", "llhttp": "9.2.1", "libc": "glibc 2.36", "architecture": "x86_64 avx2"}


def a_window(cpu_us: float) -> dict[str, float]:
    return {**load_client.parse_result(RESULT), "server_cpu_us": 100 * cpu_us}


def a_summary(value: float) -> Summary:
    return Summary(10 * value, quartiles.Ratio(value, value - 0.1, value + 0.1), 12345.6, 0.5, 0)


def a_report() -> report.Report:
    made = report.Report(conditions={"date": "2026-01-02"}, notes={"floor": "a loop"}, cannot={"nginx": {"W3": "nginx has no echo"}},
                         rounds=16, window_s=0.6, noise={"W1": 0.04, "W4": 0.1})
    made.load = {workload: {"floor": a_summary(1), "nginx": a_summary(1.5), "alicorn": a_summary(1.25)} for workload in ("W1", "W4")}
    made.latency = {"alicorn": Latency(1000, dict.fromkeys(("p50", "p99", "p99.9"), quartiles.Ratio(20, 19, 21)), 5, 0)}
    made.calls = {"alicorn": {"W1": {"recvfrom": 1.0, "sendto": 1.0, "epoll_wait": 0.03, "rare": 0.001}}}
    made.instructions = {"W1": 5000, "log line": 1600}
    made.memory = {"nginx": {1: 2.5 * 2**20, 4: 2**20}, "alicorn": {1: 2**20}}
    made.idle, made.idle_connections = {"alicorn": (6000.0, 141.4)}, 10_000
    made.starts_s, made.reloads_s = [0.02, 0.01, 0.03], [0.1]
    return made


class LoadResult(unittest.TestCase):
    def test_is_the_last_line(self):
        self.assertEqual(load_client.parse_result(f"ready\n{RESULT}\n")["requests"], 100)

    def test_must_be_whole(self):
        for text in ("", "ready\n", "ready\n{", "[]", '{"requests": 1}'):
            with self.assertRaises(load_client.LoadError, msg=text):
                load_client.parse_result(text)

    def test_names_what_it_lacks(self):
        with self.assertRaisesRegex(load_client.LoadError, "p99.9_us"):
            load_client.parse_result(RESULT.replace("p99.9_us", "other"))

    def test_counts_what_failed_but_no_new_connections(self):
        self.assertEqual(load_client.failed(load_client.parse_result(RESULT)), 1 + 2 + 3 + 5)


class Requests(unittest.TestCase):
    def test_of_a_proxy_has_ten_fields_and_847_bytes(self):
        request = workloads.request("W4")
        self.assertEqual(len(request), 847)
        self.assertEqual(request.count(b"\r\n"), 1 + 10 + 1)

    def test_end_in_what_the_floor_looks_at(self):
        self.assertTrue(workloads.request("W2").endswith(b"\r\nConnection: close\r\n\r\n"))
        head, _, body = workloads.request("W3").partition(b"\r\n\r\n")
        self.assertTrue(head.endswith(b"\r\nContent-Length: 16384"))
        self.assertEqual(len(body), 16384)


class Quartiles(unittest.TestCase):
    def test_of_one_value_are_the_value(self):
        self.assertEqual(quartiles.lower_quartile([7]), 7)
        self.assertEqual(quartiles.spread([7]), (7, 7))

    def test_hold_half_of_the_values(self):
        self.assertEqual(quartiles.spread([8, 1, 7, 2, 6, 3, 5, 4]), (3, 6))
        self.assertEqual(quartiles.lower_quartile([8, 1, 7, 2, 6, 3, 5, 4]), 3)

    def test_a_ratio_is_that_of_the_quartiles_and_has_those_of_the_rounds(self):
        found = quartiles.ratio([10, 12, 20, 14], [5, 6, 5, 7])
        self.assertEqual((found.value, found.low, found.high), (12 / 5, 2, 2))

    def test_a_ratio_needs_the_same_rounds(self):
        with self.assertRaises(ValueError):
            quartiles.ratio([1, 2], [1])

    def test_noise_is_a_share_of_the_lower_quartile(self):
        self.assertAlmostEqual(quartiles.noise([10, 10, 11, 30]), 0.1)

    def test_windows_are_summarised_with_their_failures(self):
        found = summarise({"floor": [a_window(10), a_window(10)], "other": [a_window(15), a_window(25)]})
        self.assertEqual(found["other"].ratio, quartiles.Ratio(1.5, 1.5, 2.5))
        self.assertEqual(found["other"].failed, 22)
        self.assertEqual(found["other"].client_cpu, 0.004)

    def test_latencies_are_medians_of_the_windows(self):
        found = summarise_latency([700, 800, 600], [{**a_window(1), "p99_us": value} for value in (30, 900, 50)])
        self.assertEqual((found.rate, found.us["p99"]), (700, quartiles.Ratio(50, 30, 900)))


class Golden(unittest.TestCase):
    def judge(self, counted: dict, conditions=CONDITIONS):
        golden = {"conditions": CONDITIONS, "instructions": {"W1": 10_000, "log line": 1_000}}
        return instructions.compare(golden, {"conditions": conditions, "instructions": counted})

    def test_passes_within_three_percent(self):
        self.assertEqual(self.judge({"W1": 10_290, "log line": 971}), ("same", []))

    def test_fails_above_and_says_which_and_by_how_much(self):
        verdict, lines = self.judge({"W1": 10_310, "log line": 1_000})
        self.assertEqual(verdict, "differs")
        self.assertEqual(len(lines), 1)
        self.assertIn("W1: 10,310 instructions per request, +3.1 %", lines[0])

    def test_fails_below_because_a_gain_would_hide_the_next_loss(self):
        verdict, lines = self.judge({"W1": 10_000, "log line": 969})
        self.assertEqual(verdict, "differs")
        self.assertIn("log line: 969 instructions per request, -3.1 %", lines[0])

    def test_fails_if_something_is_not_measured(self):
        self.assertEqual(self.judge({"W1": 10_000}), ("differs", ["log line: not measured"]))

    def test_fails_if_the_file_does_not_know_what_is_measured(self):
        self.assertEqual(self.judge({"W1": 10_000, "log line": 1_000, "W9": 1}), ("differs", ["W9: not in the file"]))

    def test_of_another_compiler_or_llhttp_is_not_compared(self):
        for name, value in (("compiler", "gcc 14.2.0"), ("llhttp", "8.1.0"), ("architecture", "aarch64")):
            verdict, lines = self.judge({"W1": 20_000, "log line": 2_000}, {**CONDITIONS, name: value})
            self.assertEqual(verdict, "not compared")
            self.assertIn(f"{name} {value} here, {CONDITIONS[name]} in the file", lines[0])

    def test_conditions_are_in_the_version(self):
        text = "alicorn 0.1.0 (Boost 1.81.0, llhttp 9.2.1, spdlog 1.10.0, fmt 9.1.0, gcc 12.2.0)\n"
        self.assertEqual(instructions.conditions(text, ("glibc", "2.36"), "x86_64", "fpu sse avx2 aes"), CONDITIONS)

    def test_total_is_the_summary_of_the_file(self):
        self.assertEqual(instructions.summary("fn=main\n12 500\nsummary: 123456\n"), 123456)


class Tables(unittest.TestCase):
    def test_have_a_line_for_each_row(self):
        self.assertEqual(report.table(["a", "b"], [["x", "1"], ["y", "2"]]), "| a | b |\n| --- | ---: |\n| x | 1 |\n| y | 2 |")

    def test_leave_out_calls_that_are_rare(self):
        self.assertIn("recvfrom 1.00, sendto 1.00, epoll_wait 0.03 |", report.calls_table(a_report()))

    def test_of_load_have_the_ratio_with_its_spread(self):
        self.assertIn("| nginx | 15.0 | 1.50 (1.40–1.60) | 12,346 | 50% | 0 |", report.load_table(a_report(), "W1"))

    def test_calls_are_read_from_strace(self):
        text = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.010000           2      5000           recvfrom
 40.00    0.005000           1      5100        20 accept4
------ ----------- ----------- --------- --------- ----------------
100.00    0.015000           1     10100        20 total
"""
        self.assertEqual(costs.count_calls(text), {"recvfrom": 5000, "accept4": 5100})


class Page(unittest.TestCase):
    def test_has_each_subject_and_the_chart_with_an_alternative(self):
        text = page.page(a_report())
        for title, _, _ in report.SUBJECTS[1:]:
            self.assertIn(f"## {title}\n", text)
        self.assertRegex(text, r'!\[[^\]]*alicorn[^\]]*\]\(performance\.svg "[^"]+"\)')
        self.assertIn("4% to 10%", text)
        self.assertIn("nginx has no W3", text)

    def test_leaves_out_what_was_not_measured(self):
        made = a_report()
        made.latency = {}
        self.assertNotIn("## Latency", page.page(made))

    def test_says_if_the_run_was_quick(self):
        made = a_report()
        self.assertNotIn("quick run", page.page(made))
        made.is_quick = True
        self.assertIn("quick run", page.page(made))

    def test_has_tables_of_even_width(self):
        for block in re.findall(r"(?:^\|.*\n)+", page.page(a_report()), re.M):
            self.assertEqual(len({line.count("|") for line in block.splitlines()}), 1, block)


class Chart(unittest.TestCase):
    def setUp(self):
        self.text = chart.chart("A <title>", {"W1 & more": {"nginx": 2.0, "alicorn": 1.0, "slow": 40.0}})
        self.tree = xml.etree.ElementTree.fromstring(self.text)

    def widths(self):
        return [float(bar.get("width")) for bar in self.tree.iter("{http://www.w3.org/2000/svg}rect")]

    def test_has_a_title(self):
        self.assertEqual(self.tree.find("{http://www.w3.org/2000/svg}title").text, "A <title>")

    def test_is_readable_in_the_dark(self):
        self.assertIn("prefers-color-scheme: dark", self.text)

    def test_bars_grow_with_their_values_and_stay_inside(self):
        nginx, alicorn, slow = self.widths()
        self.assertLess(alicorn, nginx)
        self.assertLess(nginx, slow)
        self.assertLessEqual(slow, chart.WIDTH - chart.LABELS - chart.RIGHT)


class Arguments(unittest.TestCase):
    def refused(self, *argv: str) -> str:
        said = io.StringIO()
        with contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as ended:
            bench.parse_arguments(list(argv))
        self.assertEqual(ended.exception.code, 2)
        return said.getvalue()

    def test_wrong_ones_are_refused_with_a_reason(self):
        self.assertIn("no such server: apache (there are floor, nginx,", self.refused("--only", "floor,apache"))
        self.assertIn("no such workload: W9", self.refused("--workloads", "W9"))
        self.assertIn("floor is missing", self.refused("--only", "nginx"))
        self.assertIn("--write needs everything", self.refused("--write", "--only", "floor,nginx"))
        self.assertIn("at least 1", self.refused("--rounds", "0"))

    def test_default_to_everything(self):
        options = bench.parse_arguments([])
        self.assertEqual(options.workloads, list(workloads.TITLES))
        self.assertEqual(options.rounds, bench.ROUNDS)
        self.assertEqual(bench.parse_arguments(["--quick"]).rounds, bench.QUICK_ROUNDS)

    def test_golden_file_is_of_this_repository(self):
        self.assertTrue(Path(instructions.GOLDEN).exists())


if __name__ == "__main__":
    unittest.main()
