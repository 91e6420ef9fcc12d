# What Puma serves in one_queue.py: /sleep?ms=N holds the thread for so long.
run lambda { |environment|
  sleep environment["QUERY_STRING"].delete_prefix("ms=").to_i / 1000.0
  [200, { "content-type" => "text/plain", "content-length" => "6" }, ["awake\n"]]
}
