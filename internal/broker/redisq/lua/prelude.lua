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

-- How many tasks of a lease group are in flight: all fields of its hash but the marks.
local function in_flight(key)
  local n = redis.call('HLEN', key)
  for _, mark in ipairs(redis.call('HMGET', key, '#f', '#a', '#c', '#s')) do
    n = n - (mark and 1 or 0)
  end
  return n
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

-- Takes a dead letter out of the index of all and of that of its fingerprint. Where a queue has too many
-- fingerprints, that is the one of all others. With the last of a fingerprint its sample goes.
local function leave_dead(prefix, id, fingerprint)
  if redis.call('ZREM', prefix .. 'dead', id) == 0 then
    return
  end
  for _, name in ipairs({fingerprint, 'other'}) do
    local group = prefix .. 'dead:' .. name
    if name ~= '' and redis.call('ZREM', group, id) == 1 then
      if redis.call('EXISTS', group) == 0 then
        redis.call('HDEL', prefix .. 'errors', name)
      end
      return
    end
  end
end

-- The lease group that has the task in flight; nil when none has.
local function group_of(groups, prefix, id)
  for _, group in ipairs(redis.call('ZRANGE', groups, 0, -1)) do
    if redis.call('HEXISTS', prefix .. 'if:' .. group, id) == 1 then
      return group
    end
  end
end

-- Writes a record, or removes it when it is empty.
local function put_record(prefix, id, record)
  local key, slot = record_place(prefix, id)
  if record == '' and slot then
    redis.call('HDEL', key, slot)
  elseif record == '' then
    redis.call('DEL', key)
  elseif slot then
    redis.call('HSET', key, slot, record)
  else
    redis.call('SET', key, record)
  end
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

-- Puts messages back to where they are next, the first to run last in the list. An element that wakes
-- a worker stays the rightmost one of the normal list, so that it can be told from tasks.
local function put_back(ready, messages)
  if redis.call('LINDEX', ready, -1) == '' then
    redis.call('RPOP', ready)
  end
  redis.call('RPUSH', ready, unpack(messages))
end

-- How many tasks of a queue wait: ready, scheduled and to be retried.
local function waiting(prefix)
  local n = redis.call('ZCARD', prefix .. 'scheduled') + redis.call('ZCARD', prefix .. 'retry')
  for _, list in ipairs({'ready', 'ready:high', 'ready:low', 'suspect', 'landing'}) do
    n = n + redis.call('LLEN', prefix .. list)
  end
  -- What wakes a worker is no task.
  n = n - #redis.call('LPOS', prefix .. 'landing', '', 'COUNT', 0)
  if redis.call('LINDEX', prefix .. 'ready', -1) == '' then
    n = n - 1
  end
  -- What a worker got faster than it was counted makes the second number negative for a moment.
  n = n + math.max(0, redis.call('LLEN', prefix .. 'relaying') + (redis.call('HGET', prefix .. 'gate', 'away') or 0))
  return math.max(0, n - redis.call('SCARD', prefix .. 'withdrawn'))
end

-- Whether a queue takes so many more tasks. If not: why, and how many it has room for. It looks
-- no further than the gate where there is neither a limit nor a drain. If so: whether a drain is over.
local function refusal(gate, prefix, more)
  local draining, most, inflight = unpack(redis.call('HMGET', gate, 'draining', 'max_length', 'inflight'))
  if not draining and not most then
    return
  end
  local n = waiting(prefix)
  if draining and n + tonumber(inflight or 0) > 0 then
    return 'DRAINING'
  end
  if most and n + more > tonumber(most) then
    return 'FULL', math.max(0, tonumber(most) - n)
  end
  return nil, nil, draining
end

-- Reads the record of an id; nil when there is none.
local function record_of(prefix, id)
  local key, slot = record_place(prefix, id)
  return (slot and redis.call('HGET', key, slot) or not slot and redis.call('GET', key)) or nil
end

-- The nonce in a record: the first name that it has, so nothing that a user wrote is taken for it.
local function nonce_of(record)
  return string.match(record, '^[^{]*{"n":"(%w+)",')
end

-- Who has a unique key now: the letter of the mode, and the id; nil when it may be taken. A key is not
-- held by a task that has finished, unless it is held for a time, nor after the delay of a debounced one.
local function holder_of(lock, prefix)
  local owner = redis.call('GET', lock)
  if not owner then
    return
  end
  local mode, id = string.sub(owner, 1, 1), string.sub(owner, 2)
  if mode == 'd' and not redis.call('ZSCORE', prefix .. 'scheduled', id) then
    return
  end
  local record = record_of(prefix, id)
  if mode ~= 't' and not (record and string.sub(record, 1, 1) == '.') then
    return
  end
  return mode, id, record
end

-- Gives a unique key to a task, for so many ms, or until it is freed where that is 0.
local function give_key(lock, mode, id, ttl)
  if ttl == '0' then
    redis.call('SET', lock, mode .. id)
  else
    redis.call('SET', lock, mode .. id, 'PX', ttl)
  end
end

-- The message of a task under the id of the one whose place it takes.
local function renamed(message, id, to)
  return '{"id":"' .. to .. string.sub(message, #'{"id":"' + #id + 1)
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

-- The fingerprint of a dead letter. It stands last in a record, so what looks like one in the result or the
-- progress of a task is not taken for it.
local function fingerprint_of(record)
  return record and string.match(record, '"g":"(%x+)"}$') or ''
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
