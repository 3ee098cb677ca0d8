-- Makes an operation a worker's own for a while, or for longer. A lease of 0 lets go of it.
-- KEYS[1] op:<id>  HASH  an operation
-- ARGV    owner, lease in ms
-- RETURNS {OK, now, field, value …}; {HELD, now, until when another has it, in ms}; {NONE, now} when it
--         is not there, or over
-- OOM     runs: HDEL comes first and unlocks the HSET
local now = now_ms()
local owner, lease = take(), tonumber(take())
local held = redis.call('HMGET', KEYS[1], 'status', 'owner', 'until')
if held[1] ~= 'running' then
  return {'NONE', now}
end
if held[2] ~= owner and tonumber(held[3] or 0) > now then
  return {'HELD', now, tonumber(held[3])}
end
redis.call('HDEL', KEYS[1], 'until')
redis.call('HSET', KEYS[1], 'owner', owner, 'until', text(now + lease))
return {'OK', now, redis.call('HGETALL', KEYS[1])}
