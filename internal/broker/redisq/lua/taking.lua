-- Stands before the scripts that take tasks, behind the prelude.

-- How many more tasks may begin now by the gate of their queue, at most so many, or another number where it has
-- no limits; how many ms to wait where its limits let none begin; and how many tokens there are where there is a
-- rate. nil in place of the first: it is paused.
local function room_of(gate, now, most, unlimited)
  local paused, rate, burst, concurrency, tokens, at, running =
    unpack(redis.call('HMGET', gate, 'paused', 'rate', 'burst', 'concurrency', 'tokens', 'tokens_at', 'inflight'))
  if paused then
    return nil, 1000
  end
  if not rate and not concurrency then
    return unlimited, 0
  end
  if most < 1 then
    return 0, 0
  end
  if concurrency then
    most = math.min(most, tonumber(concurrency) - tonumber(running or 0))
    if most < 1 then
      return 0, 100
    end
  end
  if not rate then
    return most, 0
  end
  rate = tonumber(rate)
  burst = tonumber(burst) or math.max(1, rate)
  local since = now - (tonumber(at) or now)
  if since < 0 then -- the clock was set back: it would be as long until there are tokens again
    redis.call('HDEL', gate, 'tokens_at')
    redis.call('HSET', gate, 'tokens_at', text(now))
  end
  tokens = math.min(burst, (tonumber(tokens) or burst) + math.max(0, since) * rate / 1000)
  most = math.min(most, math.floor(tokens))
  if most < 1 then
    -- All workers come again after that: they wait for 20 ms of tokens, if the bucket holds twice as many.
    local enough = math.max(1, math.min(burst / 2, rate / 50))
    return 0, math.ceil((enough - tokens) * 1000 / rate)
  end
  return most, 0, tokens
end

-- Notes that so many tasks began, and what is left of the tokens where there is a rate.
local function begin(gate, now, count, tokens)
  redis.call('HINCRBY', gate, 'inflight', count)
  if tokens then
    redis.call('HSET', gate, 'tokens', string.format('%.6f', tokens - count), 'tokens_at', text(now))
  end
end

-- Moves messages from the right end of a list to a table, until that has so many or so many bytes, and
-- answers with its bytes. What wakes a worker is dropped. Chunks grow from one, so that the size of what was
-- taken bounds what is taken next. They are never long: large messages may come after small ones.
local function pop(list, messages, bytes, most, most_bytes)
  local chunk = 1
  while #messages < most and bytes < most_bytes do
    local popped = redis.call('RPOP', list, math.min(chunk, most - #messages))
    if not popped or #popped == 0 then
      break
    end
    for _, message in ipairs(popped) do
      if message ~= '' then
        messages[#messages + 1] = message
        bytes = bytes + #message
      end
    end
    local room = bytes > 0 and math.floor((most_bytes - bytes) * #messages / bytes) or chunk * 2
    chunk = math.max(1, math.min(chunk * 2, room, 16))
  end
  return bytes
end

