-- Renews a lease, unless it is over, and tells which of its tasks were called off.
-- KEYS[1] groups      ZSET  lease group -> expiry in ms
-- KEYS[2] if:<group>  HASH  task id -> message in flight
-- KEYS[3] stopping    SET   ids in flight that are called off
-- ARGV    group, lease in ms
-- RETURNS {OK, now, ids} or {FENCED, now}
-- OOM     runs: ZREM is the fence and unlocks the ZADD
local now = now_ms()
local refused = wrong_type(KEYS[2], 'hash', KEYS[3], 'set')
if refused then
  return refused
end
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then
  return {'FENCED', now}
end
redis.call('ZADD', KEYS[1], text(now + ARGV[2]), ARGV[1])
local stopped = {}
if redis.call('EXISTS', KEYS[3]) == 1 then
  -- A worker holds some thousands of tasks at most, far fewer than may be called off.
  for _, id in ipairs(redis.call('HKEYS', KEYS[2])) do
    if redis.call('SISMEMBER', KEYS[3], id) == 1 then
      stopped[#stopped + 1] = id
    end
  end
end
return {'OK', now, stopped}
