-- wrk's script: requests that were signed beforehand, one after another, each of its own event.
local requests, at, statuses = {}, 0, {}

function init(args)
  local file = assert(io.open(args[1], "rb"))
  while true do
    local head = file:read(8)
    if not head then break end
    requests[#requests + 1] = file:read(tonumber(head, 16))
  end
  file:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function response(status)
  statuses[status] = (statuses[status] or 0) + 1
end

local threads = {}
function setup(thread)
  table.insert(threads, thread)
end

function done(summary, latency)
  io.write(string.format(
    "RESULT duration=%d requests=%d bad=%d timeouts=%d p50=%.1f p99=%.1f max=%.1f\n",
    summary.duration, summary.requests, summary.errors.status,
    summary.errors.timeout + summary.errors.connect + summary.errors.read + summary.errors.write,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
