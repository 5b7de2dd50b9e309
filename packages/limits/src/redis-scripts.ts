/*
 * One call, one step: Redis runs a script without others in between, and its own clock is everybody's. A rate is a
 * hash with `excess` and `last`, in the units of leaky-bucket.ts; what is under way is a sorted set of members by
 * the time at which they are given up.
 */

/** ARGV: member, time to hold in ms; then for each key: kind, its three numbers, member or ''. */
export const ACQUIRE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local hold = tonumber(ARGV[2])
local excesses, lasts, wait = {}, {}, 0
for i, key in ipairs(KEYS) do
  local a = 5 * i - 2
  local x, y, z = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
  if ARGV[a] == 'rate' then
    local state = redis.call('HMGET', key, 'excess', 'last')
    local excess, last = 0, now
    if state[1] then
      last = tonumber(state[2])
      local ms = now - last
      if ms < -60000 then ms = 1 elseif ms < 0 then ms = 0 end
      excess = math.max(0, tonumber(state[1]) - math.floor(x * ms / 1000) + 1000)
      if ms > 0 then last = now end
    end
    if excess > y then return { i - 1, 0, math.ceil((excess - y) * 1000 / x) } end
    if excess > z then wait = math.max(wait, math.floor((excess - z) * 1000 / x)) end
    excesses[i], lasts[i] = excess, last
  else
    local member = ARGV[a + 4] == '' and ARGV[1] or ARGV[a + 4]
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    if redis.call('ZCARD', key) >= x and not redis.call('ZSCORE', key, member) then
      return { i - 1, 0, 1000 }
    end
  end
end
for i, key in ipairs(KEYS) do
  local a = 5 * i - 2
  if ARGV[a] == 'rate' then
    local excess = excesses[i]
    redis.call('HSET', key, 'excess', string.format('%.0f', excess), 'last', string.format('%.0f', lasts[i]))
    redis.call('PEXPIRE', key, math.ceil((excess + 1000) * 1000 / tonumber(ARGV[a + 1])) + 1)
  else
    local member = ARGV[a + 4] == '' and ARGV[1] or ARGV[a + 4]
    redis.call('ZADD', key, now + hold, member)
    redis.call('PEXPIRE', key, hold)
  end
end
return { -1, wait, 0 }
`;

/** ARGV: time to hold in ms; then the member of each key. */
export const REFRESH = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ARGV[1], ARGV[i + 1])
  redis.call('PEXPIRE', key, ARGV[1])
end
return 0
`;

/** ARGV: the member of each key. */
export const RELEASE = `
for i, key in ipairs(KEYS) do redis.call('ZREM', key, ARGV[i]) end
return 0
`;
