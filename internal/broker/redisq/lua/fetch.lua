-- Takes tasks for a worker.
-- KEYS[1] groups      ZSET    lease group -> expiry in ms
-- KEYS[2] landing     LIST    messages that woke a worker; they are next
-- KEYS[3] ready       LIST    messages, pushed left, taken right; "" is no task, it wakes a worker
-- KEYS[4] ready:high  LIST    messages of high priority
-- KEYS[5] ready:low   LIST    messages of low priority
-- KEYS[6] suspect     LIST    messages whose workers died twice
-- KEYS[7] if:<group>  HASH    task id -> message in flight; #f is this script's replay mark, #s the suspect
-- KEYS[8] gate        HASH    whether the queue is paused, its limits, and how far they are used
-- KEYS[9] withdrawn   SET     ids that were called off and are still on a list
-- KEYS[10] cancelled  ZSET    task id -> forget at, in ms
-- KEYS[11] parked     HASH    task id -> message of a dead, cancelled or expired task
-- ARGV    group, seq, most tasks, most tasks where the queue has no limit, most bytes
-- RETURNS {status, now, wait in ms, fields, messages}: OK, EMPTY, PAUSED, LIMITED, FENCED or STALE. A field
--         is the task's id; "?…" for a message that is not admitted; "!…" for one whose id this
--         group holds already. OK without any: all that was found was called off.
-- OOM     runs: RPOP comes first and unlocks the HSETs
local now = now_ms()
local group, seq, most, unlimited, most_bytes = take(), take(), tonumber(take()), tonumber(take()), tonumber(take())
local landing, ready, high, low, suspect, inflight = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]

-- The client library sends again what got no answer in time: the same seq gets the same answer, a
-- lower one is a straggler whose answer nobody reads.
local mark = redis.call('HGET', inflight, '#f')
if mark then
  local answered, ids = string.match(mark, '^(%d+)(.*)$')
  if tonumber(answered) > tonumber(seq) then
    return {'STALE', now, 0, {}, {}}
  end
  if answered == seq then
    if ids == ' =' then
      return {'OK', now, 0, {}, {}}
    end
    local fields = {}
    for field in string.gmatch(ids, '%S+') do
      fields[#fields + 1] = field
    end
    if #fields == 0 then
      return {'EMPTY', now, 0, {}, {}}
    end
    return {'OK', now, 0, fields, redis.call('HMGET', inflight, unpack(fields))}
  end
end
if not redis.call('ZSCORE', KEYS[1], group) then
  return {'FENCED', now, 0, {}, {}}
end

local room, wait, tokens = room_of(KEYS[8], now, most, unlimited)
if not room then
  return {'PAUSED', now, wait, {}, {}}
end
if room < 1 and unlimited > 0 then
  return {'LIMITED', now, wait, {}, {}}
end
most = room

local refused = wrong_type(landing, 'list', ready, 'list', inflight, 'hash', KEYS[8], 'hash')
-- Most queues have none of these, and are asked once for all of them.
local more = redis.call('EXISTS', high, low, suspect, KEYS[9]) > 0
if more then
  refused = refused or wrong_type(
    high, 'list', low, 'list', suspect, 'list', KEYS[9], 'set', KEYS[10], 'zset', KEYS[11], 'hash'
  )
end
if refused then
  return refused
end

local messages, bytes = {}, 0
local function pop_all(...)
  for _, list in ipairs({...}) do
    bytes = pop(list, messages, bytes, most, most_bytes)
  end
end
pop_all(landing)
-- A worker has one suspect at a time, so that only the guilty one can be there when it dies again.
local suspected, busy
if more and redis.call('EXISTS', suspect) == 1 then
  local held = redis.call('HGET', inflight, '#s')
  busy = held and redis.call('HEXISTS', inflight, held) == 1
  if not busy and #messages < most then
    suspected = redis.call('RPOP', suspect)
    messages[#messages + 1] = suspected
    bytes = bytes + #suspected
  end
end
-- Each priority has its turn to go first, so that none waits for ever.
local turn = tonumber(seq) % 8
if not more then
  pop_all(ready)
elseif turn == 0 then
  pop_all(low, ready, high)
elseif turn == 4 then
  pop_all(ready, high, low)
else
  pop_all(high, ready, low)
end
-- What is left elsewhere wakes the next worker, as workers block on the normal list only. Who has a suspect
-- leaves the others without a sign, which would wake itself for ever.
if more and redis.call('EXISTS', ready) == 0
  and (redis.call('EXISTS', high, low) > 0 or not busy and redis.call('EXISTS', suspect) == 1) then
  redis.call('LPUSH', ready, '')
end
if #messages == 0 then
  redis.call('HSET', inflight, '#f', seq)
  return {'EMPTY', now, 0, {}, {}}
end

local fields = {}
for i, message in ipairs(messages) do
  fields[i] = string.match(message, '^{"id":"([%w._:~-]+)","enqueued_at":"') or ('?' .. seq .. '.' .. i)
end
if more and redis.call('EXISTS', KEYS[9]) == 1 then
  local off, kept, kept_fields = redis.call('SMISMEMBER', KEYS[9], unpack(fields)), {}, {}
  for i, message in ipairs(messages) do
    -- An id that stands twice is called off once.
    if off[i] == 1 and redis.call('SREM', KEYS[9], fields[i]) == 1 then
      if redis.call('ZSCORE', KEYS[10], fields[i]) then
        redis.call('HSET', KEYS[11], fields[i], message)
      end
    else
      kept[#kept + 1], kept_fields[#kept_fields + 1] = message, fields[i]
    end
  end
  messages, fields = kept, kept_fields
  if #messages == 0 then
    redis.call('HSET', inflight, '#f', seq .. ' =') -- no field is called so
    return {'OK', now, 0, {}, {}}
  end
end

local entries, taken = {}, {}
local held = redis.call('HMGET', inflight, unpack(fields))
for i, message in ipairs(messages) do
  if held[i] or taken[fields[i]] then
    fields[i] = '!' .. seq .. '.' .. i
  end
  taken[fields[i]] = true
  entries[#entries + 1], entries[#entries + 2] = fields[i], message
  if message == suspected then
    entries[#entries + 1], entries[#entries + 2] = '#s', fields[i]
  end
end
redis.call('HSET', inflight, '#f', seq .. ' ' .. table.concat(fields, ' '), unpack(entries))
begin(KEYS[8], now, #messages, tokens)
return {'OK', now, 0, fields, messages}
