-- Makes or replaces a schedule.
-- KEYS[1] schedules       HASH  name -> schedule, as JSON that begins with its revision
-- KEYS[2] schedules:next  ZSET  name -> its next time, in ms
-- ARGV    name, how the schedule that is replaced begins or "" for none, next time in ms or "" while it
--         is paused, schedule
-- RETURNS {OK, now}, {GONE, now} when another has changed the schedule, or {STALE, now} when the next
--         time has passed: it might have been another's already
-- OOM     refused before the first write: nothing is written
local now = now_ms()
local name, mark, next_at, schedule = take(), take(), take(), take()
local refused = wrong_type(KEYS[1], 'hash', KEYS[2], 'zset')
if refused then
  return refused
end
local known = redis.call('HGET', KEYS[1], name)
local revision = '^{"rev":"%w+"'
if known and string.match(known, revision) == string.match(schedule, revision) then
  return {'OK', now} -- the same call, sent again
end
if string.sub(known or '', 1, #mark) ~= mark or (known and mark == '') then
  return {'GONE', now}
end
if next_at ~= '' and tonumber(next_at) <= now then
  return {'STALE', now}
end
redis.call('HSET', KEYS[1], name, schedule)
if next_at == '' then
  redis.call('ZREM', KEYS[2], name)
else
  redis.call('ZADD', KEYS[2], next_at, name)
end
return {'OK', now}
