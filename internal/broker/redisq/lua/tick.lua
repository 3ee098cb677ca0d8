-- Enqueues the task of one time of a schedule, and moves the schedule on to its next time. Of many
-- that try, one finds the schedule as it was read.
-- KEYS[1]  schedules       HASH  name -> schedule, as JSON that begins with its revision
-- KEYS[2]  schedules:next  ZSET  name -> its next time, in ms
-- KEYS[3]  ready           LIST  messages, pushed left, taken right
-- KEYS[4]  ready:high      LIST  messages of high priority
-- KEYS[5]  ready:low       LIST  messages of low priority
-- KEYS[6]  scheduled       ZSET  task id -> due in ms
-- KEYS[7]  scheduled:d     HASH  task id -> message
-- KEYS[8]  counters        HASH  name -> total
-- KEYS[9]  r:<bucket>      HASH  record of the task
-- KEYS[10] r:<bucket>      HASH  record of the schedule's last task
-- ARGV     name, how the schedule begins, its time in ms, its next time or "" for none, schedule from
--          now on, schedule if the time is skipped, slot of the last task or "" where it does not
--          matter, id or "" for no task, slot, record, due in ms or 0 for ready, message
-- RETURNS  {OK, now, 1 if there is a task, else 0}, {GONE, now} when the time is another's by now, or
--          {DUPLICATE, now} when the id is that of an older task: Redis has lost its last writes
-- OOM      refused before the first write: the time stays due
local now = now_ms()
local name, mark, at, next_at, ran, skipped = take(), take(), take(), take(), take(), take()
local last, id, slot, record, due, message = take(), take(), take(), take(), take(), take()
local refused = wrong_type(
  KEYS[1], 'hash', KEYS[2], 'zset', KEYS[3], 'list', KEYS[4], 'list', KEYS[5], 'list', KEYS[6], 'zset',
  KEYS[7], 'hash', KEYS[8], 'hash', KEYS[9], 'hash', KEYS[10], 'hash'
)
if refused then
  return refused
end
local known = id ~= '' and redis.call('HGET', KEYS[9], slot)
local schedule = redis.call('HGET', KEYS[1], name) or ''
-- The same call, sent again, finds what it wrote itself.
if known then
  local same = string.match(known, '"e":(%d+)') == string.match(record, '"e":(%d+)')
  return {same and 'OK' or 'DUPLICATE', now, 1}
end
if string.sub(schedule, 1, #mark) == string.sub(ran, 1, #mark) then
  return {'OK', now, 0}
end
if string.sub(schedule, 1, #mark) ~= mark or tonumber(redis.call('ZSCORE', KEYS[2], name) or 0) ~= tonumber(at) then
  return {'GONE', now}
end
local runs = id ~= ''
if runs and last ~= '' then
  runs = string.sub(redis.call('HGET', KEYS[10], last) or '', 1, 1) ~= '.'
end
redis.call('HSET', KEYS[1], name, runs and ran or skipped)
if next_at == '' then
  redis.call('ZREM', KEYS[2], name)
else
  redis.call('ZADD', KEYS[2], next_at, name)
end
if not runs then
  return {'OK', now, 0}
end
if due == '0' then
  push_ready(KEYS[3], KEYS[4], KEYS[5], {message})
else
  redis.call('ZADD', KEYS[6], due, id)
  redis.call('HSET', KEYS[7], id, message)
end
redis.call('HSET', KEYS[9], slot, record)
redis.call('HINCRBY', KEYS[8], 'enqueued', 1)
return {'OK', now, 1}
