-- Forgets succeeded tasks of the default retention, the oldest first, as a step of an operation.
-- KEYS[1] op:<id>   HASH  an operation
-- KEYS[2] finished  LIST  ids of succeeded tasks, oldest left
-- KEYS[3] counters  HASH  name -> total
-- ARGV    owner, step, lease in ms, prefix of the queue's keys, most tasks
-- RETURNS {OK, now, 1 when the stage has ended, ms to wait}, or {FENCED, now}
-- OOM     runs: LPOP and HDEL come first and unlock the rest
local owner, step, lease = take(), take(), tonumber(take())
local prefix, most = take(), tonumber(take())
local mine, again = step_of(KEYS[1], owner, step)
if not mine then
  return {'FENCED', now_ms()}
end
if again then
  return again
end
local refused = wrong_type(KEYS[2], 'list', KEYS[3], 'hash')
if refused then
  return refused
end
local began = tonumber(redis.call('HGET', KEYS[1], 'began'))
local ids = redis.call('LRANGE', KEYS[2], 0, most - 1)
local looked, gone, records = 0, 0, {}
for i, id in ipairs(ids) do
  local record = record_of(prefix, id)
  -- Another mark: the id was chosen, and is a new task's.
  local is_done = record and string.sub(record, 1, 1) == 'S'
  if is_done and tonumber(string.match(record, '"f":(%d+)') or 0) > began then
    break
  end
  looked = i
  if is_done then
    records[#records + 1] = {id, record}
  end
end
if looked > 0 then
  redis.call('LPOP', KEYS[2], looked)
end
for _, found in ipairs(records) do
  release(prefix, found[1], found[2])
  put_record(prefix, found[1], '')
  gone = gone + 1
end
local answer = save_step(KEYS[1], step, lease, gone, 0, '', looked < most)
if gone > 0 then
  redis.call('HINCRBY', KEYS[3], 'deleted', gone)
end
return {'OK', answer[2], answer[3], answer[4]}
