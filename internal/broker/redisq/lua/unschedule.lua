-- Forgets a schedule.
-- KEYS[1] schedules       HASH  name -> schedule, as JSON that begins with its revision
-- KEYS[2] schedules:next  ZSET  name -> its next time, in ms
-- ARGV    name, how the schedule begins
-- RETURNS {OK, now}, or {GONE, now} when another has changed the schedule
-- OOM     runs: HDEL comes first and unlocks the rest
local now = now_ms()
local name, mark = take(), take()
local refused = wrong_type(KEYS[1], 'hash', KEYS[2], 'zset')
if refused then
  return refused
end
local known = redis.call('HGET', KEYS[1], name)
if known and (mark == '' or string.sub(known, 1, #mark) ~= mark) then
  return {'GONE', now}
end
redis.call('HDEL', KEYS[1], name)
redis.call('ZREM', KEYS[2], name)
return {'OK', now}
