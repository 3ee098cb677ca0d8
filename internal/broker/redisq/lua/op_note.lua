-- Notes until when somebody works on an operation, for those who look for one.
-- KEYS[1] zq:operations  ZSET  operation id -> ms
-- ARGV    id, ms
-- RETURNS {OK, now}
-- OOM     runs: ZREM comes first and unlocks the ZADD
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return {'OK', now_ms()}
