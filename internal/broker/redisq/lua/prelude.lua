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
