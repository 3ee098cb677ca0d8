-- Forgets succeeded tasks of the default retention once it is over, oldest first.
-- KEYS[1] finished  LIST  ids of succeeded tasks, oldest left
-- ARGV    prefix of the queue's keys, most ids to look at, most finished tasks to keep
-- RETURNS {OK, now, tasks forgotten}
-- OOM     runs: LPOP and HDEL free memory
local now = now_ms()
local prefix, most, cap = take(), tonumber(take()), tonumber(take())
local surplus = redis.call('LLEN', KEYS[1]) - cap
local ids = redis.call('LRANGE', KEYS[1], 0, most - 1)

-- Neighbours on the list mostly share a bucket. They end in the order of the list, give or take a
-- few ms, so the last of a run answers for all of it; the one before it, if that was deleted by hand.
local function is_over(key, slots, place)
  local record = #slots == 0 and redis.call('GET', key)
  for i = #slots, 1, -1 do
    record = redis.call('HGET', key, slots[i])
    if record then
      break
    end
  end
  local ends = record and tonumber(string.match(record, '^S(%d+)') or 0) or 0
  return ends <= now or place <= surplus
end

local runs, forgotten, first = {}, 0, 1
while first <= #ids do
  local key, slot = record_place(prefix, ids[first])
  local slots, last = {slot}, first
  while slot and last < #ids and last ~= surplus do
    local next_key, next_slot = record_place(prefix, ids[last + 1])
    if next_key ~= key then
      break
    end
    last, slot = last + 1, next_slot
    slots[#slots + 1] = slot
  end
  if not is_over(key, slots, last) then
    break
  end
  runs[#runs + 1] = {key, slots}
  forgotten, first = last, last + 1
end
if forgotten == 0 then
  return {'OK', now, 0}
end
local popped = redis.call('LPOP', KEYS[1], forgotten)
local place = 0
for _, run in ipairs(runs) do
  local key, slots = run[1], run[2]
  if #slots > 0 then
    redis.call('HDEL', key, unpack(slots))
    place = place + #slots
  else
    place = place + 1
    forget_record(prefix, popped[place], 'S', now, place <= surplus)
  end
end
return {'OK', now, forgotten}
