-- Takes tasks for a worker.
-- KEYS[1] groups      ZSET    lease group -> expiry in ms
-- KEYS[2] landing     LIST    messages that woke a worker; they are next
-- KEYS[3] ready       LIST    messages, pushed left, taken right
-- KEYS[4] if:<group>  HASH    task id -> message in flight; #f is this script's replay mark
-- KEYS[5] gate        HASH    paused, draining, limits and their state
-- KEYS[6] withdrawn   SET     ids that were called off and are still on a list
-- KEYS[7] cancelled   ZSET    task id -> forget at, in ms
-- KEYS[8] parked      HASH    task id -> message of a dead, cancelled or expired task
-- ARGV    group, seq, most tasks, most bytes
-- RETURNS {status, now, wait in ms, fields, messages}: OK, EMPTY, PAUSED, FENCED or STALE. A field
--         is the task's id; "?…" for a message that is not admitted; "!…" for one whose id this
--         group holds already.
-- OOM     runs: RPOP comes first and unlocks the HSETs
local now = now_ms()
local group, seq, most, most_bytes = take(), take(), tonumber(take()), tonumber(take())

-- The client library sends again what got no answer in time: the same seq gets the same answer, a
-- lower one is a straggler whose answer nobody reads.
local mark = redis.call('HGET', KEYS[4], '#f')
if mark then
  local answered, ids = string.match(mark, '^(%d+)(.*)$')
  if tonumber(answered) > tonumber(seq) then
    return {'STALE', now, 0, {}, {}}
  end
  if answered == seq then
    local fields = {}
    for field in string.gmatch(ids, '%S+') do
      fields[#fields + 1] = field
    end
    if #fields == 0 then
      return {'EMPTY', now, 0, {}, {}}
    end
    return {'OK', now, 0, fields, redis.call('HMGET', KEYS[4], unpack(fields))}
  end
end
if not redis.call('ZSCORE', KEYS[1], group) then
  return {'FENCED', now, 0, {}, {}}
end
if redis.call('HEXISTS', KEYS[5], 'paused') == 1 then
  return {'PAUSED', now, 1000, {}, {}}
end

local refused = wrong_type(KEYS[2], 'list', KEYS[3], 'list', KEYS[4], 'hash', KEYS[8], 'hash')
if refused then
  return refused
end

-- Chunks grow from one, so that the size of what was taken bounds what is taken next.
local messages, bytes = {}, 0
local function pop(list)
  local chunk = 1
  repeat
    local popped = redis.call('RPOP', list, math.min(chunk, most - #messages))
    if not popped or #popped == 0 then
      return
    end
    for _, message in ipairs(popped) do
      messages[#messages + 1] = message
      bytes = bytes + #message
    end
    local room = math.floor((most_bytes - bytes) * #messages / bytes)
    chunk = math.max(1, math.min(chunk * 2, room))
  until #messages >= most or bytes >= most_bytes
end
-- What was called off is dropped on the way; what was cancelled keeps its bytes.
local function drop()
  local kept = {}
  for _, message in ipairs(messages) do
    local id = string.match(message, '^{"id":"([^"]+)"') or ''
    if redis.call('SREM', KEYS[6], id) == 0 then
      kept[#kept + 1] = message
    elseif redis.call('ZSCORE', KEYS[7], id) then
      redis.call('HSET', KEYS[8], id, message)
    end
  end
  local dropped = #messages - #kept
  messages = kept
  return dropped
end
repeat
  pop(KEYS[2])
  if #messages < most and bytes < most_bytes then
    pop(KEYS[3])
  end
until redis.call('EXISTS', KEYS[6]) == 0 or drop() == 0
if #messages == 0 then
  redis.call('HSET', KEYS[4], '#f', seq)
  return {'EMPTY', now, 0, {}, {}}
end

local fields, entries, taken = {}, {}, {}
for i, message in ipairs(messages) do
  fields[i] = string.match(message, '^{"id":"([%w._:~-]+)","enqueued_at":"') or ('?' .. seq .. '.' .. i)
end
local held = redis.call('HMGET', KEYS[4], unpack(fields))
for i, message in ipairs(messages) do
  if held[i] or taken[fields[i]] then
    fields[i] = '!' .. seq .. '.' .. i
  end
  taken[fields[i]] = true
  entries[2 * i - 1], entries[2 * i] = fields[i], message
end
redis.call('HSET', KEYS[4], '#f', seq .. ' ' .. table.concat(fields, ' '), unpack(entries))
return {'OK', now, 0, fields, messages}
