-- Renews a lease, unless it is over.
-- KEYS[1] groups  ZSET  lease group -> expiry in ms
-- ARGV    group, lease in ms
-- RETURNS {OK, now} or {FENCED, now}
-- OOM     runs: ZREM is the fence and unlocks the ZADD
local now = now_ms()
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then
  return {'FENCED', now}
end
redis.call('ZADD', KEYS[1], text(now + ARGV[2]), ARGV[1])
return {'OK', now}
