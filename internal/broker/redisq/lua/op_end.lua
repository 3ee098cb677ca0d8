-- Ends an operation, which is kept for a day.
-- KEYS[1] op:<id>  HASH  an operation
-- ARGV    owner, or "" for anybody; status
-- RETURNS {OK, now}, also when it has ended; {FENCED, now} when it is another's; {NONE, now}
-- OOM     runs: HDEL comes first and unlocks the HSET
local now = now_ms()
local owner, status = take(), take()
local held = redis.call('HMGET', KEYS[1], 'status', 'owner')
if not held[1] then
  return {'NONE', now}
end
if held[1] ~= 'running' then
  return {'OK', now}
end
if owner ~= '' and held[2] ~= owner then
  return {'FENCED', now}
end
redis.call('HDEL', KEYS[1], 'until')
redis.call('HSET', KEYS[1], 'status', status, 'finished', text(now))
redis.call('PEXPIRE', KEYS[1], 86400000)
return {'OK', now}
