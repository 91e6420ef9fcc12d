// Which slots new workers get while there is another master.
#include "server/arbiter/table/worker_table.hpp"
#include "tests/unit/server/arbiter/table/table_driver.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

SlotSet slots_with_workers(const TableDriver& driver) {
  SlotSet slots;
  for (std::uint32_t slot = 0; slot < kWorkerSlots; ++slot) {
    slots.set(slot, driver.table.worker(slot).is_alive());
  }
  return slots;
}

TEST(SlotsOfTwoMasters, AreNotUsedByBoth) {
  TableDriver driver(workers(3));
  driver.make_all_ready();
  const SlotSet kept = driver.table.slots_needed();
  EXPECT_EQ(kept, SlotSet(0b11111)) << "those of its workers, and two more";
  driver.table.keep_to(kept);
  driver.table.resize(+4);
  driver.turn();
  EXPECT_EQ(slots_with_workers(driver), kept) << "two workers have to wait";
  driver.table.keep_to(SlotSet().set());
  driver.turn();
  EXPECT_EQ(slots_with_workers(driver), SlotSet(0b1111111));
}

TEST(SlotsOfTwoMasters, StayWithTheWorkersThatHaveThem) {
  TableDriver driver(workers(2));
  driver.make_all_ready();
  driver.table.keep_to(~SlotSet(0b11));
  driver.table.reload(2, workers(2));
  driver.turn();
  driver.make_all_ready();
  driver.turn();
  EXPECT_EQ(slots_with_workers(driver) & ~SlotSet(0b11), SlotSet(0b1100));
}

}  // namespace
}  // namespace alicorn
