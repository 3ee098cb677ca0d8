-- Takes tasks for a worker.
-- KEYS[1] groups      ZSET    lease group -> expiry in ms
-- KEYS[2] landing     LIST    messages that woke a worker; they are next
-- KEYS[3] ready       LIST    messages, pushed left, taken right
-- KEYS[4] if:<group>  HASH    task id -> message in flight; #f is this script's replay mark
-- KEYS[5] paused      STRING  exists while nothing may be taken
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
if redis.call('EXISTS', KEYS[5]) == 1 then
  return {'PAUSED', now, 1000, {}, {}}
end

local refused = wrong_type(KEYS[2], 'list', KEYS[3], 'list', KEYS[4], 'hash')
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
pop(KEYS[2])
if #messages < most and bytes < most_bytes then
  pop(KEYS[3])
end
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
