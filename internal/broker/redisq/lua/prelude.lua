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

-- Where the record of an id is: an id of ours ends in its sequence number in base 32, and 64 of
-- them share a bucket; an id that a producer chose has a key of its own and no slot.
local function record_place(prefix, id)
  local sequence = tonumber(string.match(id, '~(%w+)$') or '', 32)
  if sequence then
    return prefix .. 'r:' .. text(math.floor(sequence / 64)), sequence % 64
  end
  return prefix .. 'id:' .. id
end

-- Forgets a finished task's record, and says whether the id was still that task's. An id that a
-- producer chose may be a new task's by now: its record has another mark, or is a live one's.
local function forget_record(prefix, id, mark)
  local key, slot = record_place(prefix, id)
  if slot then
    redis.call('HDEL', key, slot)
    return true
  end
  local record = redis.call('GET', key)
  if record and string.sub(record, 1, 1) ~= mark then
    return false
  end
  redis.call('DEL', key)
  return true
end
