-- Puts a message that a blocking BRPOP took next in line, where a fetch takes it first.
-- KEYS[1] groups   ZSET  lease group -> expiry in ms
-- KEYS[2] landing  LIST  messages that woke a worker
-- ARGV    message
-- RETURNS {OK, now}
-- OOM     runs: the ZREM of nothing unlocks the RPUSH
local now = now_ms()
redis.call('ZREM', KEYS[1], '')
redis.call('RPUSH', KEYS[2], ARGV[1])
return {'OK', now}
