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

-- Frees the unique key of a task that is forgotten. It stands in the record behind everything that a
-- handler wrote.
local function release(prefix, id, record)
  local head = string.match(record, '^(.*),"g":"%x+"}$') or string.sub(record, 1, -2)
  head = string.match(head, '^(.*),"k":%d+$') or head
  local hash = string.match(head, '"u":"%a(%x+)"$')
  if hash then
    unlock(prefix .. 'unique:' .. hash, id)
  end
end

-- The record of an id, its key and its slot.
local function read_record(prefix, id)
  local key, slot = record_place(prefix, id)
  if slot then
    return redis.call('HGET', key, slot), key, slot
  end
  return redis.call('GET', key), key
end

-- How many entries of an index stand before one, and whether that is still there.
local function rank_of(index, score, id)
  local found = redis.call('ZSCORE', index, id)
  if found and tonumber(found) == tonumber(score) then
    return redis.call('ZRANK', index, id), true
  end
  local rank = redis.call('ZCOUNT', index, '-inf', '(' .. score)
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', index, score, score, 'LIMIT', 0, 1000)) do
    if other > id then
      break
    end
    rank = rank + 1
  end
  return rank, false
end

-- An operation goes on in numbered steps, each made by whoever owns it. Answers with whether it is
-- the owner's, and with what a step that is sent again answered.
local function step_of(op, owner, step)
  local held = redis.call('HMGET', op, 'status', 'owner', 'step', 'ended', 'wait')
  if held[1] ~= 'running' or held[2] ~= owner then
    return false
  end
  if held[3] == step then
    return true, {'OK', now_ms(), tonumber(held[4]), tonumber(held[5])}
  end
  return true
end

-- Writes down what a step did together with what it did it to: counts are right whoever dies. An
-- operation with a rate waits for as long as its tasks take by that.
local function save_step(op, step, lease, done, failed, reason, ended)
  redis.call('HDEL', op, 'ended') -- allowed at full memory, and unlocks the rest
  local now, rate = now_ms(), tonumber(redis.call('HGET', op, 'rate') or 0)
  local wait = rate > 0 and math.ceil((done + failed) * 1000 / rate) or 0
  redis.call('HINCRBY', op, 'done', done)
  redis.call('HINCRBY', op, 'failed', failed)
  redis.call('HSET', op, 'step', step, 'ended', ended and 1 or 0, 'wait', text(wait),
    'next', text(now + wait), 'until', text(now + lease))
  if reason and reason ~= '' then
    redis.call('HSET', op, 'error', reason)
  end
  if ended then
    redis.call('HINCRBY', op, 'stage', 1)
    redis.call('HDEL', op, 'at', 'at_id')
  end
  return {'OK', now, ended and 1 or 0, wait}
end
