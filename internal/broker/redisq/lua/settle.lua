-- Records what became of a worker's tasks, and ends its ownership of them. Begins with the fence:
-- a worker whose lease was stolen owns nothing, and writes nothing.
-- KEYS[1]  if:<group>  HASH  task id -> message in flight; #a is this script's replay mark
-- KEYS[2]  ready       LIST  messages, pushed left, taken right
-- KEYS[3]  ready:high  LIST  messages of high priority
-- KEYS[4]  ready:low   LIST  messages of low priority
-- KEYS[5]  suspect     LIST  messages whose workers died twice
-- KEYS[6]  retry       ZSET  task id -> due in ms
-- KEYS[7]  retry:d     HASH  task id -> message
-- KEYS[8]  dead        ZSET  task id -> died at, in ms
-- KEYS[9]  expired     ZSET  task id -> forget at, in ms
-- KEYS[10] cancelled   ZSET  task id -> forget at, in ms
-- KEYS[11] parked      HASH  task id -> message of a dead, cancelled or expired task
-- KEYS[12] errors      HASH  fingerprint -> error of one of its dead letters
-- KEYS[13] finished    LIST  ids of succeeded tasks of the default retention, oldest left
-- KEYS[14] finished:at ZSET  task id -> forget at, in ms; those of another retention
-- KEYS[15] counters    HASH  name -> total
-- KEYS[16] gate        HASH  how many tasks are in flight
-- KEYS[17] waiters     SET   ids that somebody waits for
-- KEYS[18] stopping    SET   ids in flight that are called off
-- KEYS[19] progress    HASH  task id -> what its handler reported last
-- KEYS[20] crashes     HASH  task id -> how often its worker died
-- KEYS[21] taken       SET   ids that came by a carrier and are in flight
-- KEYS[22] r:<bucket>* or id:<id>*  HASH|STRING  records; the number of buckets is in ARGV
-- ARGV     prefix of the queue's keys, seq, least mark, channel; n fields of tasks that are to run again, n of others; n
--          messages to hand back, first to run last; n suspects; n times id, crashes; n ids that succeeded;
--          n times forget at, id that succeeded; n times due, id, message to retry; n times at, id, message
--          of dead ones; n times id, fingerprint, error of these; n times at, id, message of expired ones; n
--          times at, id, message of cancelled ones; n times hash of a unique key, id that lets go of it; n
--          times counter, increment; n buckets, for each n times slot, record; for each key left: record, ms
--          to live or 0. Each n stands before its list.
-- RETURNS  {OK, now}, {STALE, now}, {FORGOT, now} when the mark is below the least, so that Redis has lost a settling
--          that it had answered; {FENCED, now} when the worker owns none of the tasks, {PARTIAL, now, {1
--          or 0 for each: is owned}}, or {STOPPED, now, {1 or 0 for each that is to run again: is called
--          off}}; nothing is written but on OK
-- OOM      runs: HDEL comes first and unlocks the rest
local now = now_ms()
local prefix, seq, least, channel = take(), take(), take(), take()
local mark = redis.call('HGET', KEYS[1], '#a')
if mark then
  if mark == seq then
    return {'OK', now}
  end
  if tonumber(mark) > tonumber(seq) then
    return {'STALE', now}
  end
end
if tonumber(mark or 0) < tonumber(least) then
  return {'FORGOT', now}
end
local refused = wrong_type(
  KEYS[2], 'list', KEYS[3], 'list', KEYS[4], 'list', KEYS[5], 'list', KEYS[6], 'zset', KEYS[7], 'hash', KEYS[8], 'zset',
  KEYS[9], 'zset', KEYS[10], 'zset', KEYS[11], 'hash', KEYS[12], 'hash', KEYS[13], 'list', KEYS[14], 'zset',
  KEYS[15], 'hash', KEYS[16], 'hash', KEYS[17], 'set', KEYS[18], 'set', KEYS[19], 'hash', KEYS[20], 'hash'
)
for key = 22, #KEYS do
  -- A record with a key of its own is written by SET, whatever was there.
  if string.find(KEYS[key], '}:r:', 1, true) then
    refused = refused or wrong_type(KEYS[key], 'hash')
  end
end
if refused then
  return refused
end
local function take_counted(width)
  return take_list(tonumber(take()) * (width or 1))
end
local again = take_counted()
local fields, owned, count = {unpack(again)}, {}, 0
for _, field in ipairs(take_counted()) do
  fields[#fields + 1] = field
end
for i, field in ipairs(fields) do
  owned[i] = redis.call('HEXISTS', KEYS[1], field)
  count = count + owned[i]
end
if count == 0 then
  return {'FENCED', now}
end
if count < #fields then
  return {'PARTIAL', now, owned}
end
-- Most queues have none of these, and are asked once for all of them.
local marked = redis.call('EXISTS', KEYS[18], KEYS[19], KEYS[20], KEYS[21]) > 0
refused = marked and wrong_type(KEYS[21], 'set')
if refused then
  return refused
end
if marked and #again > 0 and redis.call('EXISTS', KEYS[18]) == 1 then
  local stopped, any = redis.call('SMISMEMBER', KEYS[18], unpack(again)), 0
  for _, flag in ipairs(stopped) do
    any = any + flag
  end
  if any > 0 then
    return {'STOPPED', now, stopped}
  end
end
redis.call('HDEL', KEYS[1], unpack(fields))
redis.call('HSET', KEYS[1], '#a', seq)
redis.call('HINCRBY', KEYS[16], 'inflight', -#fields)

-- A suspect that is handed back is still one, whoever hands it back.
local function is_suspect(message)
  local id = string.match(message, '^{"id":"([%w._:~-]+)","enqueued_at":"')
  return id and tonumber(redis.call('HGET', KEYS[20], id) or 0) > 1
end
local back, apart = {[KEYS[2]] = {}, [KEYS[3]] = {}, [KEYS[4]] = {}}, {}
local crashed = marked and redis.call('EXISTS', KEYS[20]) == 1
for _, message in ipairs(take_counted()) do
  local priority = priority_of(message)
  local list = back[priority == 'high' and KEYS[3] or priority == 'low' and KEYS[4] or KEYS[2]]
  if crashed and is_suspect(message) then
    list = apart
  end
  list[#list + 1] = message
end
local suspects, elsewhere = take_counted(), false
for _, message in ipairs(apart) do
  suspects[#suspects + 1] = message
end
if #back[KEYS[2]] > 0 then
  put_back(KEYS[2], back[KEYS[2]])
end
for key, messages in pairs({[KEYS[3]] = back[KEYS[3]], [KEYS[4]] = back[KEYS[4]], [KEYS[5]] = suspects}) do
  if #messages > 0 then
    redis.call('RPUSH', key, unpack(messages))
    elsewhere = true
  end
end
-- Who is done with a suspect may take the next one, and sleeps by now.
if marked and redis.call('EXISTS', KEYS[5]) == 1 then
  local held = redis.call('HGET', KEYS[1], '#s')
  elsewhere = elsewhere or not held or redis.call('HEXISTS', KEYS[1], held) == 0
end
if elsewhere and redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('LPUSH', KEYS[2], '')
end
local crashes = take_counted(2)
if #crashes > 0 then
  redis.call('HSET', KEYS[20], unpack(crashes))
end

local ended = take_counted()
if #ended > 0 then
  redis.call('RPUSH', KEYS[13], unpack(ended))
end
for _ = 1, tonumber(take()) do
  local at, id = take(), take()
  redis.call('ZADD', KEYS[14], at, id)
  ended[#ended + 1] = id
end
local died, again_later = {}, {}
local function keep(index, bodies, finished)
  for _ = 1, tonumber(take()) do
    local at, id, message = take(), take(), take()
    redis.call('ZADD', index, at, id)
    redis.call('HSET', bodies, id, message)
    if finished then
      ended[#ended + 1], died[id] = id, at
    else
      again_later[#again_later + 1] = id
    end
  end
end
keep(KEYS[6], KEYS[7], false)
keep(KEYS[8], KEYS[11], true)
for _ = 1, tonumber(take()) do
  local id, fingerprint, sample = take(), take(), take()
  if redis.call('HEXISTS', KEYS[12], fingerprint) == 0 then
    if redis.call('HLEN', KEYS[12]) >= 1000 then
      fingerprint = 'other'
    end
    redis.call('HSETNX', KEYS[12], fingerprint, sample)
  end
  redis.call('ZADD', prefix .. 'dead:' .. fingerprint, died[id], id)
end
keep(KEYS[9], KEYS[11], true)
keep(KEYS[10], KEYS[11], true)
for _ = 1, tonumber(take()) do
  local hash, id = take(), take()
  unlock(prefix .. 'unique:' .. hash, id)
end
for _ = 1, tonumber(take()) do
  redis.call('HINCRBY', KEYS[15], take(), take())
end

local key = 21
for _ = 1, tonumber(take()) do
  key = key + 1
  redis.call('HSET', KEYS[key], unpack(take_counted(2)))
end
for k = key + 1, #KEYS do
  local record, ttl = take(), take()
  -- The nonce of who chose the id stays: the worker does not know it. A key of another type is written over.
  local before = redis.pcall('GET', KEYS[k])
  local nonce = type(before) == 'string' and nonce_of(before)
  if nonce then
    record = string.gsub(record, '{', '{"n":"' .. nonce .. '",', 1)
  end
  if ttl == '0' then
    redis.call('SET', KEYS[k], record)
  else
    redis.call('SET', KEYS[k], record, 'PX', ttl)
  end
end
if marked then
  redis.call('SREM', KEYS[21], unpack(fields))
  redis.call('HDEL', KEYS[19], unpack(fields))
  if #again_later > 0 then
    redis.call('HDEL', KEYS[20], unpack(again_later)) -- its attempt ended by itself: the worker lives
  end
  if #ended > 0 then
    redis.call('SREM', KEYS[18], unpack(ended))
    redis.call('HDEL', KEYS[20], unpack(ended))
  end
end
ring(KEYS[17], channel, ended)
return {'OK', now}
