-- Keeps what handlers report of their progress, while the worker has their tasks.
-- KEYS[1] if:<group>  HASH  task id -> message in flight
-- KEYS[2] progress    HASH  task id -> what its handler reported last
-- KEYS[3] waiters     SET   ids that somebody waits for
-- ARGV    channel; n times id, progress
-- RETURNS {OK, now}
-- OOM     refused before the first write: nothing is written
local now = now_ms()
local refused = wrong_type(KEYS[1], 'hash', KEYS[2], 'hash', KEYS[3], 'set')
if refused then
  return refused
end
local channel, reports, ids = take(), {}, {}
for _ = 1, (#ARGV - 1) / 2 do
  local id, progress = take(), take()
  if redis.call('HEXISTS', KEYS[1], id) == 1 then
    reports[#reports + 1], reports[#reports + 2] = id, progress
    ids[#ids + 1] = id
  end
end
if #ids == 0 then
  return {'OK', now}
end
redis.call('HSET', KEYS[2], unpack(reports))
if redis.call('EXISTS', KEYS[3]) == 1 then
  for i, awaited in ipairs(redis.call('SMISMEMBER', KEYS[3], unpack(ids))) do
    if awaited == 1 then
      redis.call('PUBLISH', channel, ids[i])
    end
  end
end
return {'OK', now}
