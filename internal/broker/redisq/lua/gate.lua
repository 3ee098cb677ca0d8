-- Changes what a fetch and an enqueue go by, or who moves messages to the carrier, if it is as it was read.
-- KEYS[1] gate or relay  HASH  paused, draining, limits and their state; or owner and until
-- ARGV    n, n times field, value as it was read or ""; n, n fields to remove; n, n times field, new value
-- RETURNS {OK, now} or {CHANGED, now}
-- OOM     runs: HDEL comes first and unlocks the HSET
local now = now_ms()
for _ = 1, tonumber(take()) do
  local field, value = take(), take()
  if (redis.call('HGET', KEYS[1], field) or '') ~= value then
    return {'CHANGED', now}
  end
end
local gone = take_list(tonumber(take()))
redis.call('HDEL', KEYS[1], '', unpack(gone))
local set = take_list(tonumber(take()) * 2)
if #set > 0 then
  redis.call('HSET', KEYS[1], unpack(set))
end
return {'OK', now}
