-- Forgets succeeded tasks of the default retention once it is over, oldest first.
-- KEYS[1] finished  LIST  ids of succeeded tasks, oldest left
-- ARGV    prefix of the queue's keys, most ids to look at, most finished tasks to keep
-- RETURNS {OK, now, tasks forgotten}
-- OOM     runs: LPOP and HDEL free memory
local now = now_ms()
local prefix, most, cap = take(), tonumber(take()), tonumber(take())
local surplus = redis.call('LLEN', KEYS[1]) - cap
local forgotten = 0
for i, id in ipairs(redis.call('LRANGE', KEYS[1], 0, most - 1)) do
  local key, slot = record_place(prefix, id)
  local record
  if slot then
    record = redis.call('HGET', key, slot)
  else
    record = redis.call('GET', key)
  end
  local ends = record and tonumber(string.match(record, '^S(%d+)') or 0) or 0
  if ends > now and i > surplus then
    break
  end
  forgotten = i
end
for _, id in ipairs(forgotten > 0 and redis.call('LPOP', KEYS[1], forgotten) or {}) do
  forget_record(prefix, id)
end
return {'OK', now, forgotten}
