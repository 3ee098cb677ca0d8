-- Begins a lease.
-- KEYS[1] groups  ZSET  lease group -> expiry in ms
-- ARGV    group, lease in ms
-- RETURNS {OK, now}
-- OOM     runs: ZREM comes first and unlocks the ZADD
local now = now_ms()
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], text(now + ARGV[2]), ARGV[1])
return {'OK', now}
