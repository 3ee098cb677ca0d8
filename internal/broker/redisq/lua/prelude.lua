-- Stands before every script.

-- The time of Redis in ms: the only clock whose readings are stored.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Numbers leave Lua as integers or strings; %.0f keeps all digits of a time in ms.
local function text(number)
  return string.format('%.0f', number)
end

-- Reads ARGV from left to right.
local cursor = 0
local function take()
  cursor = cursor + 1
  return ARGV[cursor]
end
local function take_list(n)
  local list = {unpack(ARGV, cursor + 1, cursor + n)}
  cursor = cursor + n
  return list
end

-- Scripts are not rolled back, so nothing is begun where a key holds something else. Takes keys and
-- their types in turn; answers with an error, or nil.
local function wrong_type(...)
  local expected = {...}
  for i = 1, #expected, 2 do
    local found = redis.call('TYPE', expected[i])['ok']
    if found ~= 'none' and found ~= expected[i + 1] then
      return redis.error_reply('WRONGTYPE ' .. expected[i] .. ' is a ' .. found .. ', not a ' .. expected[i + 1])
    end
  end
end

-- Where the record of an id is: an id of ours ends in its sequence number in base 32, and 64 of
-- them share a bucket; an id that a producer chose has a key of its own and no slot.
local function record_place(prefix, id)
  local digits = string.match(id, '^[^~]+~0~([0-9a-v]+)$')
  if digits and #digits == 10 then
    local sequence = tonumber(digits, 32)
    return prefix .. 'r:' .. text(math.floor(sequence / 64)), sequence % 64
  end
  return prefix .. 'id:' .. id
end

-- Forgets a finished task's record, and says whether the id was still that task's. An id that a
-- producer chose may be a new task's by now, and a message may have been pushed again: then the
-- record has another mark, is a live one's, or is to be kept for longer (unless there are too many).
local function forget_record(prefix, id, mark, now, too_many)
  local key, slot = record_place(prefix, id)
  local record
  if slot then
    record = redis.call('HGET', key, slot)
  else
    record = redis.call('GET', key)
  end
  if not record then
    return true
  end
  local forget_at = tonumber(string.match(record, '^S(%d+)') or 0)
  if string.sub(record, 1, 1) ~= mark or (forget_at > now and not too_many) then
    return false
  end
  if slot then
    redis.call('HDEL', key, slot)
  else
    redis.call('DEL', key)
  end
  return true
end

-- The priority of an admitted message stands in its head, unless it is normal.
local function priority_of(message)
  return string.match(message, '^{"id":"[^"]+","enqueued_at":"[^"]+","priority":"(%a+)"')
end

-- Pushes messages on the ready lists of their priorities, to run after those that are there. Workers
-- block on the normal list only: while that is empty, an empty element wakes one.
local function push_ready(ready, high, low, messages)
  local lists = {[ready] = {}, [high] = {}, [low] = {}}
  for _, message in ipairs(messages) do
    local priority = priority_of(message)
    local list = lists[priority == 'high' and high or priority == 'low' and low or ready]
    list[#list + 1] = message
  end
  for key, list in pairs(lists) do
    if #list > 0 then
      redis.call('LPUSH', key, unpack(list))
    end
  end
  if #lists[high] + #lists[low] > 0 and redis.call('EXISTS', ready) == 0 then
    redis.call('LPUSH', ready, '')
  end
end

-- Frees a unique key if the task still has it. The lock's value is a letter for its mode, and the id.
local function unlock(lock, id)
  local owner = redis.call('GET', lock)
  if owner and string.sub(owner, 2) == id then
    redis.call('DEL', lock)
  end
end

-- Tells those who wait for the end of tasks.
local function ring(waiters, channel, ids)
  if #ids == 0 or redis.call('EXISTS', waiters) == 0 then
    return
  end
  for i, awaited in ipairs(redis.call('SMISMEMBER', waiters, unpack(ids))) do
    if awaited == 1 then
      redis.call('SREM', waiters, ids[i])
      redis.call('PUBLISH', channel, ids[i])
    end
  end
end

-- Takes a dead letter out of its group, and drops the group's sample once it is empty. The record says
-- which group; where there are too many, the letter is in that of the others. The fingerprint stands
-- last in a record, so what looks like one in its progress or result is not taken for it.
local function leave_group(prefix, id, record)
  local group = record and string.match(record, '"g":"(%x+)"}$')
  if not group or redis.call('ZREM', prefix .. 'dead:' .. group, id) == 0 then
    group = 'other'
    redis.call('ZREM', prefix .. 'dead:other', id)
  end
  if redis.call('EXISTS', prefix .. 'dead:' .. group) == 0 then
    redis.call('HDEL', prefix .. 'errors', group)
  end
end
