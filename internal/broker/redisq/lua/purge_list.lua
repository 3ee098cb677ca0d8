-- Forgets tasks of a ready list, the next ones first, as a step of an operation. What was pushed after
-- it began is on the left; what was enqueued later and handed back to the right is put back there.
-- KEYS[1] op:<id>                                    HASH  an operation
-- KEYS[2] landing|suspect|ready:high|ready:low|ready LIST  messages, taken right
-- KEYS[3] ready:high   LIST  messages of high priority
-- KEYS[4] ready:low    LIST  messages of low priority
-- KEYS[5] withdrawn    SET   ids that were called off and are still on a list
-- KEYS[6] cancelled    ZSET  task id -> forget at, in ms
-- KEYS[7] parked       HASH  task id -> message
-- KEYS[8] crashes      HASH  task id -> how often its worker died
-- KEYS[9] counters     HASH  name -> total
-- KEYS[10] waiters     SET   ids that somebody waits for
-- ARGV    owner, step, lease in ms, prefix of the queue's keys, channel, most tasks, most bytes
-- RETURNS {OK, now, 1 when the stage has ended, ms to wait}, or {FENCED, now}
-- OOM     runs: RPOP comes first and unlocks the rest
local owner, step, lease = take(), take(), tonumber(take())
local prefix, channel, most, most_bytes = take(), take(), tonumber(take()), tonumber(take())
local mine, again = step_of(KEYS[1], owner, step)
if not mine then
  return {'FENCED', now_ms()}
end
if again then
  return again
end
local refused = wrong_type(
  KEYS[2], 'list', KEYS[5], 'set', KEYS[6], 'zset', KEYS[7], 'hash', KEYS[8], 'hash', KEYS[9], 'hash', KEYS[10], 'set'
)
if refused then
  return refused
end
local state = redis.call('HMGET', KEYS[1], 'began_at', 'stage')
local bound_of = 'bound:' .. (state[2] or '0')
local bound = tonumber(redis.call('HGET', KEYS[1], bound_of) or 0)
local withdrawn, crashed = redis.call('EXISTS', KEYS[5]) == 1, redis.call('EXISTS', KEYS[8]) == 1
local back, gone, bytes, looked, bare, called_off, empty = {}, {}, 0, 0, 0, 0, false

-- Says whether the message leaves the list.
local function leaves(message)
  local id, enqueued_at = string.match(message, '^{"id":"([%w._:~-]+)","enqueued_at":"([^"]*)"')
  if message == '' then
    return redis.call('EXISTS', KEYS[3], KEYS[4]) == 0 -- else it wakes a worker for these
  end
  if id and enqueued_at > state[1] then
    return false
  end
  if id and withdrawn and redis.call('SREM', KEYS[5], id) == 1 then
    if redis.call('ZSCORE', KEYS[6], id) then
      redis.call('HSET', KEYS[7], id, message)
    end
    called_off = called_off + 1
    return true
  end
  -- An id that another queue gave out is no id here: its record would be that of another task.
  local home = id and string.match(id, '^([^~]*)~')
  if id and (not home or prefix == 'zq:{' .. home .. '}:') then
    gone[#gone + 1] = id
  else
    bare = bare + 1
  end
  return true
end

local function removed()
  return #gone + bare
end
most = math.min(most, bound)
while removed() < most and looked < 512 and bytes < most_bytes do
  local popped = redis.call('RPOP', KEYS[2], math.min(16, most - removed()))
  if not popped or #popped == 0 then
    empty = true
    break
  end
  for _, message in ipairs(popped) do
    bytes, looked = bytes + #message, looked + 1
    if not leaves(message) then
      table.insert(back, 1, message)
    end
  end
end
if #back > 0 then
  redis.call('RPUSH', KEYS[2], unpack(back))
end
for _, id in ipairs(gone) do
  local record = record_of(prefix, id)
  if record and string.sub(record, 1, 1) == '.' then
    release(prefix, id, record)
    put_record(prefix, id, '')
  end
end
if #gone > 0 and crashed then
  redis.call('HDEL', KEYS[8], unpack(gone))
end
local ended = empty or bound <= removed() + called_off or removed() + called_off == 0
local answer = save_step(KEYS[1], step, lease, removed(), 0, '', ended)
redis.call('HSET', KEYS[1], bound_of, bound - removed() - called_off)
if removed() > 0 then
  redis.call('HINCRBY', KEYS[9], 'deleted', removed())
  ring(KEYS[10], channel, gone)
end
return {'OK', answer[2], answer[3], answer[4]}
