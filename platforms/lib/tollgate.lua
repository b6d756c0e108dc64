-- SPDX-License-Identifier: Apache-2.0
--
-- The platform library: `local tg = require "tollgate"`. It makes descriptions of models, checks every key and value as they are
-- written, applies --set, and hands sim/platform one flat list to build from. It instantiates nothing.
--
-- Constructors come from the tables of the model classes: `tg.pl011{ base = 0x9000000 }`. Reference: docs/platform-lua.md.

-- functions and values of sim/platform: natives.c
local native = ...

local tg = {}
local classes = native.classes()
local state = setmetatable({}, { __mode = "k" }) -- object -> what is known of it
local options = {} -- declared by tg.options: { key =, value = }, in order

-- ---- errors ----

local function fail(site, ...)
  error(site .. ": " .. string.format(...), 0)
end

local function here()
  return native.where()
end

-- The line on which a key of a constructor's table stands: the call's line is all that Lua knows.
local function key_site(site, key)
  return native.key_line(site, tostring(key))
end

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do
    keys[#keys + 1] = k
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  return keys
end

local function unknown(site, what, key, names)
  table.sort(names) -- of two equally near ones always the same
  local near = native.nearest(tostring(key), names)
  if near then
    fail(site, "%s: unknown key '%s'; the nearest known one is '%s'", what, key, near)
  end
  fail(site, "%s: unknown key '%s'; known keys: %s", what, key, table.concat(names, ", "))
end

local reads = {} -- line of a file -> the --set of tg.options whose values were read on it
local views = setmetatable({}, { __mode = "k" }) -- table of tg.options -> its keys that --set gave -> entry of native.overrides

-- The --set that a value came from, since its line of the file does not show it: one that the line's expression for the key reads,
-- or, of an argument without a key, one that is read on the line and has the value. nil: the file's own.
local function origin(site, key, value)
  local expression = key and native.expression(site, key:match("[^.]*$"))
  for _, o in ipairs(reads[site] or {}) do
    local name = o.key:match("[^.]*$"):gsub("%p", "%%%0")
    if expression and expression:find("%f[%w_]" .. name .. "%f[^%w_]") or not key and tostring(o.result) == tostring(value) then
      return o
    end
  end
end

local function set_text(o)
  return o and string.format("--set %s=%s", o.key, o.value)
end

local function from(o)
  return o and " (from " .. set_text(o) .. ")" or ""
end

local function describe(v)
  if type(v) == "string" then
    return "'" .. v .. "'"
  elseif type(v) == "number" or type(v) == "boolean" then
    return tostring(v)
  elseif state[v] then
    return "a " .. state[v].kind
  end
  return "a " .. type(v)
end

-- ---- parameters ----

-- Checked value of a parameter in the units of enum tg_param_type. `o`: the --set that it is known to come from.
local function param_value(site, what, p, v, o)
  if type(v) ~= "string" and type(v) ~= "number" and type(v) ~= "boolean" then
    fail(site, "%s: %s: found %s, expected %s", what, p.name, describe(v), p.expected)
  end
  local value, message = native.parse(p, v)
  if value == nil then
    fail(site, "%s: %s: %s%s", what, p.name, message, from(o or origin(site, p.name, v)))
  end
  return value
end

-- ---- model objects ----

local object = {} -- metatable
local prefix = {} -- metatable of obj.l2 in obj.l2.size

local function names_of(s)
  local names = {}
  for name in pairs(s.class.param_by_name) do
    names[#names + 1] = name
  end
  for name, p in pairs(s.class.port_by_name) do
    if p.kind == "irq" or p.kind == "model" then
      names[#names + 1] = name
    end
  end
  if #s.class.frames > 0 then
    names[#names + 1] = "base"
    if not s.class.param_by_name.secure then
      names[#names + 1] = "secure"
    end
  end
  return names
end

local function is_prefix(class, name)
  for pname in pairs(class.param_by_name) do
    if pname:sub(1, #name + 1) == name .. "." then
      return true
    end
  end
  return false
end

local function address(site, what, v)
  if math.type(v) ~= "integer" then
    fail(site, "%s: found %s, expected an address such as 0x09000000", what, describe(v))
  end
  return v
end

local function irq_line(site, what, v)
  if type(v) ~= "table" or not v.intid or not v.gic then
    fail(site, "%s: found %s, expected an interrupt line such as gic:spi(1)", what, describe(v))
  end
  return v
end

local set

local function set_port(s, site, port, v)
  local what = s.kind .. "." .. port.name
  if s.sites[port.name] and port.kind == "irq" then
    fail(site, "%s is bound already, at %s", what, s.sites[port.name])
  end
  if port.kind == "irq" then
    local lines = v
    if type(v) == "table" and v.intid then
      lines = { v }
    elseif type(v) ~= "table" or state[v] then
      irq_line(site, what, v)
    end
    if #lines > port.count then
      fail(site, "%s: found %d interrupt lines, expected at most %d", what, #lines, port.count)
    end
    for _, line in ipairs(lines) do
      irq_line(site, what, line)
    end
    s.irqs[port.name] = lines
  elseif port.kind == "model" then
    local peer = state[v]
    if not peer then
      fail(site, "%s: found %s, expected a model%s", what, describe(v), port.peer and " of class " .. port.peer or "")
    end
    if port.peer and peer.class and peer.class.name ~= port.peer then
      fail(site, "%s: found a %s, expected a %s", what, peer.kind, port.peer)
    end
    s.links[port.name] = v
  else
    fail(site, "%s is bound on the command line, not in the platform", what)
  end
  s.sites[port.name] = site
end

local function set_base(s, site, v)
  if #s.class.frames == 0 then
    unknown(site, s.kind, "base", names_of(s))
  end
  if type(v) == "table" and not state[v] then
    for _, name in ipairs(sorted_keys(v)) do
      local found
      local known = {}
      for i, f in ipairs(s.class.frames) do
        known[#known + 1] = f
        if f == name then
          found = i
        end
      end
      if not found then
        unknown(key_site(site, name), s.kind .. ".base", name, known)
      end
      s.bases[found] = { base = address(key_site(site, name), s.kind .. ".base." .. name, v[name]),
        site = key_site(site, name) }
    end
  elseif #s.class.frames > 1 then
    fail(site, "%s.base: found %s, expected a table with an address for each of %s", s.kind, describe(v),
      table.concat(s.class.frames, ", "))
  else
    s.bases[1] = { base = address(site, s.kind .. ".base", v), site = site }
  end
  s.sites.base = site
end

function set(s, site, name, v, o)
  local p = s.class.param_by_name[name]
  local port = s.class.port_by_name[name]
  if p then
    s.values[name] = param_value(site, s.kind, p, v, o)
    s.sites[name] = site
    s.from[name] = set_text(o or origin(site, name, v))
  elseif port then
    set_port(s, site, port, v)
  elseif name == "base" then
    set_base(s, site, v)
  elseif name == "secure" and #s.class.frames > 0 then
    if type(v) ~= "boolean" then
      fail(site, "%s.secure: found %s, expected true or false", s.kind, describe(v))
    end
    s.secure = v
  elseif type(v) == "table" and not state[v] and is_prefix(s.class, name) then
    for _, k in ipairs(sorted_keys(v)) do
      set(s, key_site(site, k), name .. "." .. tostring(k), v[k], views[v] and views[v][k])
    end
  else
    unknown(site, s.kind, name, names_of(s))
  end
end

local function get(s, name)
  local p = s.class.param_by_name[name]
  if p then
    local v = s.values[name]
    if v == nil then
      v = p.default
    end
    return v
  end
  if name == "base" and #s.class.frames == 1 then
    return s.bases[1] and s.bases[1].base
  end
  if name == "secure" then
    return s.secure or false
  end
  if s.links[name] then
    return s.links[name]
  end
  if s.irqs[name] then
    return s.irqs[name][1]
  end
end

local methods = {}

-- The n-th shared peripheral interrupt of an interrupt controller.
function methods.spi(self, n)
  local s = state[self]
  local site = here()
  if not s or not s.class or not s.class.is_gic then
    fail(site, "spi: found %s, expected an interrupt controller: write gic:spi(n)", describe(self))
  end
  local p = s.class.param_by_name.spis
  local count = p and get(s, "spis") or 988
  if math.type(n) ~= "integer" or n < 0 or n >= count then
    fail(site, "%s:spi: found %s, expected a number from 0 to %d", s.kind, describe(n), count - 1)
  end
  return { gic = self, intid = 32 + n, site = site }
end

function object.__index(self, key)
  local s = state[self]
  if methods[key] and s.class.is_gic then
    return methods[key]
  end
  if is_prefix(s.class, key) then
    return setmetatable({ object = self, prefix = key }, prefix)
  end
  if not (s.class.param_by_name[key] or s.class.port_by_name[key] or ((key == "base" or key == "secure") and #s.class.frames > 0)) then
    local names = names_of(s)
    if s.class.is_gic then
      names[#names + 1] = "spi"
    end
    unknown(here(), s.kind, key, names)
  end
  return get(s, key)
end

function object.__newindex(self, key, v)
  set(state[self], here(), tostring(key), v)
end

object.__metatable = "tollgate object"

function prefix.__index(self, key)
  local name = rawget(self, "prefix") .. "." .. tostring(key)
  local s = state[rawget(self, "object")]
  if is_prefix(s.class, name) then
    return setmetatable({ object = rawget(self, "object"), prefix = name }, prefix)
  end
  if not s.class.param_by_name[name] then
    unknown(here(), s.kind, name, names_of(s))
  end
  return get(s, name)
end

function prefix.__newindex(self, key, v)
  set(state[rawget(self, "object")], here(), rawget(self, "prefix") .. "." .. tostring(key), v)
end

prefix.__metatable = "tollgate object"

local function new_object(class, site, values)
  local self = setmetatable({}, object)
  local s = { kind = class.lua_name, class = class, site = site, values = {}, sites = {}, from = {}, bases = {}, irqs = {},
    links = {} }
  state[self] = s
  if values ~= nil and (type(values) ~= "table" or state[values]) then
    fail(site, "%s: found %s, expected a table of parameters: tg.%s{ ... }", s.kind, describe(values), s.kind)
  end
  for _, k in ipairs(sorted_keys(values or {})) do
    if type(k) ~= "string" then
      fail(site, "%s: found a value without a key, expected key = value", s.kind)
    end
    set(s, key_site(site, k), k, values[k], views[values] and views[values][k])
  end
  return self
end

for _, class in ipairs(classes) do
  class.param_by_name = {}
  for _, p in ipairs(class.params) do
    class.param_by_name[p.name] = p
  end
  class.port_by_name = {}
  for _, p in ipairs(class.ports) do
    class.port_by_name[p.name] = p
  end
  class.lua_name = class.name:gsub("-", "_")
  tg[class.lua_name] = function(values)
    return new_object(class, here(), values)
  end
end

local function class_named(name)
  for _, c in ipairs(classes) do
    if c.name == name then
      return c
    end
  end
end

-- ---- cores and PEs ----

-- A core preset of platforms/cores/, with parameters changed: tg.core("cortex-a57", { freq = "2GHz" }).
function tg.core(name, changes)
  local site = here()
  if type(name) ~= "string" then
    fail(site, "core: found %s, expected the name of a core such as \"cortex-a57\"", describe(name))
  end
  local values, file = native.core(name)
  if not values then
    local near = native.nearest(name, native.cores())
    fail(site, "core: unknown core '%s'%s%s", name, near and "; the nearest known one is '" .. near .. "'"
      or "; known cores: " .. table.concat(native.cores(), ", "), from(origin(site, nil, name)))
  end
  if type(values) ~= "table" then
    fail(file, "core: found %s, expected the file to return a table of parameters", describe(values))
  end
  local self = new_object(class_named("cpu"), file .. ":1", values)
  local s = state[self]
  s.core_name = name
  s.core_file = file
  s.site = site
  for _, k in ipairs(sorted_keys(changes or {})) do
    set(s, key_site(site, k), tostring(k), changes[k])
  end
  return self
end

local cpus_keys = { "count", "core", "freq", "mpidr", "cache", "quantum", "opps" }
local affinity_keys = { "aff0", "aff1", "aff2", "aff3", "mt" }
local affinity_shift = { aff0 = 0, aff1 = 8, aff2 = 16, aff3 = 32 }
local MPIDR_MT <const> = 1 << 24
local n_sets = 0 -- made so far: their order is that of the PEs

-- The affinity fields and MT of MPIDR_EL1, from a number or from a table of them.
local function affinity(site, what, v)
  if math.type(v) == "integer" and v >= 0 and v & ~0xff01ffffff == 0 then
    return v
  elseif type(v) ~= "table" or state[v] then
    fail(site, "%s: found %s, expected affinity fields (bits 39:32 and 23:0, MT in bit 24, or a table of aff0 to aff3 and mt)",
      what, describe(v))
  end
  local out = 0
  for _, k in ipairs(sorted_keys(v)) do
    if k == "mt" then
      if type(v.mt) ~= "boolean" then
        fail(site, "%s: mt: found %s, expected true or false", what, describe(v.mt))
      end
      out = out | (v.mt and MPIDR_MT or 0)
    elseif affinity_shift[k] then
      if math.type(v[k]) ~= "integer" or v[k] < 0 or v[k] > 255 then
        fail(site, "%s: %s: found %s, expected a number from 0 to 255", what, k, describe(v[k]))
      end
      out = out | v[k] << affinity_shift[k]
    else
      unknown(site, what, k, { table.unpack(affinity_keys) })
    end
  end
  return out
end

-- One after another from a set's first place on: what is counted is the core, Aff1 where Aff0 is the thread.
local function place_from(site, first, i)
  local shift = first & MPIDR_MT ~= 0 and 8 or 0
  if (first >> shift & 0xff) + i > 255 then
    fail(site, "cpus: mpidr: PE %d of the set does not fit in Aff%d, which begins at %d", i, shift // 8, first >> shift & 0xff)
  end
  return first + (i << shift)
end

local function operating_points(site, v)
  local points = {}
  if type(v) ~= "table" or state[v] or #v == 0 then
    fail(site, "cpus: opps: found %s, expected a list such as {{ freq = \"1.8GHz\", microvolt = 900000 }}", describe(v))
  end
  for i, point in ipairs(v) do
    local what = string.format("cpus: opps[%d]", i)
    if type(point) ~= "table" or state[point] then
      fail(site, "%s: found %s, expected a table such as { freq = \"1.8GHz\", microvolt = 900000 }", what, describe(point))
    end
    for _, k in ipairs(sorted_keys(point)) do
      if k ~= "freq" and k ~= "microvolt" then
        unknown(site, what, k, { "freq", "microvolt" })
      end
    end
    local uv = point.microvolt
    if uv ~= nil and (math.type(uv) ~= "integer" or uv < 1 or uv > 5000000) then
      fail(site, "%s: microvolt: found %s, expected a number from 1 to 5000000", what, describe(uv))
    end
    points[i] = { hz = param_value(site, what, class_named("cpu").param_by_name.freq, point.freq), uv = uv or 0 }
    if i > 1 and points[i].hz <= points[i - 1].hz then
      fail(site, "%s: freq: found '%s', expected more than the point before it has", what, point.freq)
    end
    if i > 1 and (points[i].uv == 0) ~= (points[1].uv == 0) then
      fail(site, "%s: microvolt: expected in each point, or in none", what)
    end
  end
  return points
end

local function set_cpus(s, at, k, v)
  if k == "count" then
    if math.type(v) ~= "integer" or v < 1 or v > native.max_pes then
      fail(at, "cpus: count: found %s, expected a number from 1 to %d%s", describe(v), native.max_pes, from(origin(at, k, v)))
    end
    s.count = v
  elseif k == "core" then
    if not state[v] or not state[v].class or state[v].class.name ~= "cpu" then
      fail(at, "cpus: core: found %s, expected a core such as tg.core(\"cortex-a57\")", describe(v))
    end
    s.core = v
  elseif k == "freq" then
    s.freq = param_value(at, "cpus", class_named("cpu").param_by_name.freq, v)
    s.freq_from = set_text(origin(at, k, v))
  elseif k == "mpidr" then
    if type(v) == "table" and not state[v] then
      local first = affinity(at, "cpus: mpidr", v)
      s.mpidr = function(i)
        return place_from(at, first, i)
      end
    elseif type(v) == "function" then
      s.mpidr = v
    else
      fail(at, "cpus: mpidr: found %s, expected a function of the PE's number, or the first one's fields such as { aff1 = 1 }",
        describe(v))
    end
  elseif k == "cache" then
    if not state[v] or not state[v].class or state[v].class.name ~= "cluster-cache" then
      fail(at, "cpus: cache: found %s, expected a cache such as tg.cluster_cache{ size = \"1MiB\" }", describe(v))
    end
    s.cache = v
  elseif k == "quantum" then
    s.quantum = param_value(at, "cpus", native.time_param, v)
  elseif k == "opps" then
    s.opps = operating_points(at, v)
  else
    unknown(at, "cpus", k, { table.unpack(cpus_keys) })
  end
end

-- A set of PEs: count of them, all of one core. A platform has any number of sets; PEs are numbered in the order in which the sets
-- are made. mpidr(i) gives the affinity of the set's PE i (0..); default: Aff0 = i, Aff1 the number of the set.
function tg.cpus(values)
  local site = here()
  local self = { }
  local s = { kind = "cpus", site = site, count = 1, sites = {}, number = n_sets }
  if type(values) ~= "table" then
    fail(site, "cpus: found %s, expected a table: tg.cpus{ count = 1, core = tg.core(\"cortex-a57\") }", describe(values))
  end
  for _, k in ipairs(sorted_keys(values)) do
    local at = key_site(site, k)
    s.sites[k] = at
    set_cpus(s, at, k, values[k])
  end
  if not s.core then
    fail(site, "cpus: core is missing, expected a core such as tg.core(\"cortex-a57\")")
  end
  n_sets = n_sets + 1
  state[self] = s
  return setmetatable(self, { __index = values, __metatable = "tollgate object", __newindex = function()
    fail(here(), "cpus: cannot be changed after construction")
  end })
end

-- The core of a set, which no other set changes: --set big.core.freq=... leaves a core alone that `little` was given, too.
local function own_core(s)
  local core = state[s.core]
  if not core.owner and not s.freq then
    core.owner = s
    return core
  end
  local copy = {}
  for k, v in pairs(core) do
    copy[k] = v
  end
  copy.owner = s
  for _, part in ipairs({ "values", "sites", "from" }) do
    copy[part] = {}
    for k, v in pairs(core[part]) do
      copy[part][k] = v
    end
  end
  if s.freq then
    copy.values.freq, copy.sites.freq, copy.from.freq = s.freq, s.sites.freq, s.freq_from
  end
  return copy
end

-- Affinities of all PEs, which no two may share.
local function place_sets(sets)
  local taken = {} -- affinity -> PE
  local n = 0
  for number, s in ipairs(sets) do
    s.mpidrs = {}
    for i = 0, s.count - 1 do
      local site, v = s.sites.mpidr or s.site, i | (#sets > 1 and (number - 1) << 8 or 0)
      if s.mpidr then
        v = affinity(site, string.format("cpus: mpidr(%d)", i), s.mpidr(i))
      end
      local place = v & ~MPIDR_MT
      if taken[place] then
        fail(site, "cpus: mpidr(%d): found %#x, which PE %d has already%s", i, place, taken[place].pe,
          taken[place].set ~= s and " (" .. taken[place].set.path .. ", made at " .. taken[place].set.site .. ")" or "")
      end
      taken[place] = { pe = n, set = s }
      s.mpidrs[i + 1] = v
      n = n + 1
    end
  end
end

-- ---- external TLM targets ----

local external_keys = { "library", "base", "size", "args", "irq" }

-- A TLM-2.0 target of a shared object (docs/examples/tlm-target).
function tg.tlm_target(values)
  local site = here()
  local s = { kind = "tlm_target", site = site, args = {} }
  if type(values) ~= "table" then
    fail(site, "tlm_target: found %s, expected a table", describe(values))
  end
  for _, k in ipairs(sorted_keys(values)) do
    local v, at = values[k], key_site(site, k)
    if k == "library" then
      if type(v) ~= "string" then
        fail(at, "tlm_target: library: found %s, expected the path of a shared object", describe(v))
      end
      s.library = v
    elseif k == "base" then
      s.base = address(at, "tlm_target: base", v)
    elseif k == "size" then
      s.size = param_value(at, "tlm_target", native.size_param, v)
    elseif k == "irq" then
      s.irq = irq_line(at, "tlm_target: irq", v)
    elseif k == "args" then
      if type(v) ~= "table" then
        fail(at, "tlm_target: args: found %s, expected a table", describe(v))
      end
      for _, a in ipairs(sorted_keys(v)) do
        if type(v[a]) == "table" or type(v[a]) == "function" then
          fail(at, "tlm_target: args.%s: found %s, expected text, a number or a boolean", a, describe(v[a]))
        end
        s.args[#s.args + 1] = { key = tostring(a), value = tostring(v[a]) }
      end
    else
      unknown(at, "tlm_target", k, { table.unpack(external_keys) })
    end
  end
  for _, k in ipairs({ "library", "base", "size" }) do
    if not s[k] then
      fail(site, "tlm_target: %s is missing", k)
    end
  end
  local self = setmetatable({}, { __metatable = "tollgate object", __index = function(_, k)
    return s[k]
  end, __newindex = function(_, k, v)
    if k == "irq" then
      s.irq = irq_line(here(), "tlm_target: irq", v)
    else
      fail(here(), "tlm_target: %s cannot be changed after construction", k)
    end
  end })
  state[self] = s
  return self
end

-- ---- options of a platform ----

local function convert(site, key, text, default)
  if type(default) == "boolean" then
    if text == "true" or text == "false" then
      return text == "true"
    end
    fail(site, "--set %s=%s: expected true or false", key, text)
  elseif math.type(default) == "integer" then
    local n = math.tointeger(tonumber(text))
    if not n then
      fail(site, "--set %s=%s: expected a number", key, text)
    end
    return n
  end
  return text
end

-- A table with the user's values, which notes on which lines of the platform those of --set are read: values have no origin of
-- their own.
local function options_view(values, overridden)
  local view = setmetatable({}, {
    __index = function(_, k)
      local o = overridden[k]
      if o then
        local site = here()
        local known = false
        reads[site] = reads[site] or {}
        for _, other in ipairs(reads[site]) do
          known = known or other == o
        end
        if not known then
          table.insert(reads[site], o)
        end
      end
      return values[k]
    end,
    __newindex = function(_, k, v)
      values[k], overridden[k] = v, nil
    end,
    __len = function()
      return #values
    end,
    __pairs = function(self)
      local keys, i = sorted_keys(values), 0
      return function()
        i = i + 1
        if keys[i] ~= nil then
          return keys[i], self[keys[i]]
        end
      end
    end,
  })
  views[view] = overridden
  return view
end

-- What --set may change before anything is built: tg.options{ core = "cortex-a57", gic = { version = 3 } } returns the table with
-- the user's values in it.
function tg.options(defaults)
  local site = here()
  local function walk(t, path)
    local out, overridden = {}, {}
    for _, k in ipairs(sorted_keys(t)) do
      local key = path .. tostring(k)
      local v = t[k]
      if type(v) == "table" then
        out[k] = walk(v, key .. ".")
      else
        for _, o in ipairs(native.overrides) do
          if o.key == key then
            v = convert(key_site(site, k), key, o.value, v)
            o.used, o.result = true, v
            overridden[k] = o
          end
        end
        out[k] = v
        options[#options + 1] = { key = key, value = tostring(v) }
      end
    end
    return options_view(out, overridden)
  end
  if type(defaults) ~= "table" then
    fail(site, "options: found %s, expected a table of defaults", describe(defaults))
  end
  return walk(defaults, "")
end

-- ---- the finished platform ----

-- Where the parameters of a model or core were given: { param =, site =, from =, rank = }. Of several that do not go together the
-- one to blame has the highest rank: the command line, then the platform, then a core's preset.
local function origins_of(s)
  local list = {}
  for _, name in ipairs(sorted_keys(s.values)) do
    local site = s.sites[name]
    local preset = s.core_file and site:sub(1, #s.core_file + 1) == s.core_file .. ":"
    list[#list + 1] = { param = name, site = site, from = s.from[name],
      rank = (s.from[name] or site:sub(1, 6) == "--set ") and 3 or preset and 1 or 2 }
  end
  return list
end

local settings = { console = "model", psci = "string", smccc = "string", quantum = "time" }
-- What those of kind "string" may be.
local choices = { psci = { "hvc", "smc", "none" }, smccc = { "1.0", "1.2" } }

-- Flat description for sim/platform. `file` is the platform's path.
function tg._finish(result, file)
  local models, externals, config = {}, {}, {}
  local index = {} -- object -> its place in models, from 1
  local paths = {} -- key path -> { object state, parameter } of every leaf that --set may change
  local sets = {} -- of PEs
  local out = { models = models, externals = externals, config = config, sets = sets }

  if type(result) ~= "table" or state[result] then
    fail(file, "found %s, expected the platform to return a table of objects", describe(result))
  end

  local function add_leaves(path, s, lookup)
    for _, p in ipairs(s.class.params) do
      paths[path .. "." .. p.name] = { s = s, p = p }
    end
    for i, f in ipairs(s.class.frames) do
      if s.bases[i] then
        paths[path .. (#s.class.frames == 1 and ".base" or ".base." .. f)] = { s = s, frame = i }
      end
    end
  end

  local add_model
  function add_model(path, name, v)
    local s = state[v]
    if s.path then
      return -- the same object under a second key
    end
    s.path = path
    s.name = name
    if s.kind == "cpus" then
      sets[#sets + 1] = s
      s.core_state = own_core(s)
      paths[path .. ".count"] = { s = s, count = true }
      paths[path .. ".quantum"] = { s = s, quantum = true }
      add_leaves(path .. ".core", s.core_state)
      if s.cache then
        add_model(path .. ".cache", name .. "_cache", s.cache)
      end
    elseif s.kind == "tlm_target" then
      externals[#externals + 1] = s
    elseif s.class.name == "cpu" then
      fail(s.site, "%s: a core stands inside cpus: tg.cpus{ core = ... }", path)
    else
      models[#models + 1] = s
      index[v] = #models
      add_leaves(path, s)
      for _, port in ipairs(s.class.ports) do
        if s.links[port.name] then
          add_model(path .. "." .. port.name, name .. "_" .. port.name, s.links[port.name])
        end
      end
    end
  end

  -- Objects first, in the order of their names, so that the same platform is always built alike.
  for _, k in ipairs(sorted_keys(result)) do
    local v = result[k]
    if state[v] and k ~= "console" then
      add_model(tostring(k), tostring(k), v)
    elseif type(v) == "table" and not state[v] then
      for i, o in ipairs(v) do
        if not state[o] then
          fail(file, "%s[%d]: found %s, expected a model", k, i, describe(o))
        end
        add_model(string.format("%s.%d", k, i - 1), string.format("%s%d", k, i - 1), o)
      end
      for i in pairs(v) do
        if math.type(i) ~= "integer" or i < 1 or i > #v then
          fail(key_site(file .. ":1", i), "%s: found the key '%s', expected a list of models", k, tostring(i))
        end
      end
    end
  end
  -- What a platform does not describe is there with the values of its class, in `config` and open to --set.
  local has_fabric = false
  for _, s in ipairs(models) do
    has_fabric = has_fabric or s.class.name == "fabric"
  end
  if not has_fabric then
    if result.fabric ~= nil then
      fail(state[result.fabric] and state[result.fabric].site or file, "fabric: found %s, expected a tg.fabric under this key",
        describe(result.fabric))
    end
    add_model("fabric", "fabric", new_object(class_named("fabric"), file))
  end
  for _, k in ipairs(sorted_keys(result)) do
    local v = result[k]
    if type(v) ~= "table" then
      local site = key_site(file .. ":1", k)
      if settings[k] == "string" and type(v) == "string" then
        out[k] = v
      elseif settings[k] == "time" then
        out[k] = param_value(site, k, native.time_param, v)
      elseif settings[k] then
        fail(site, "%s: found %s, expected a %s", k, describe(v), settings[k])
      else
        fail(site, "unknown setting '%s' with %s; known settings: console, psci, smccc, quantum; models may stand under any key",
          k, describe(v))
      end
    end
  end
  if result.console then
    local s = state[result.console]
    if not s then
      fail(file, "console: found %s, expected a model such as uart", describe(result.console))
    end
    if not index[result.console] then
      fail(s.site, "console: this %s is not in the platform's table", s.kind)
    end
    out.console = index[result.console]
  end

  -- --set of single leaves
  local known = {}
  for key in pairs(paths) do
    known[#known + 1] = key
  end
  for _, o in ipairs(options) do
    known[#known + 1] = o.key
  end
  for _, k in ipairs({ "psci", "smccc", "quantum" }) do
    known[#known + 1] = k
  end
  for _, o in ipairs(native.overrides) do
    local leaf = paths[o.key]
    local site = string.format("--set %s=%s", o.key, o.value)
    if o.used then
      -- by tg.options
    elseif leaf and leaf.p then
      leaf.s.values[leaf.p.name] = param_value(site, leaf.s.kind, leaf.p, o.value)
      leaf.s.sites[leaf.p.name], leaf.s.from[leaf.p.name] = site, nil
    elseif leaf and leaf.frame then
      leaf.s.bases[leaf.frame] = { base = address(site, o.key, math.tointeger(tonumber(o.value))), site = site }
    elseif leaf and leaf.count then
      local n = math.tointeger(tonumber(o.value))
      if not n or n < 1 or n > native.max_pes then
        fail(site, "expected a number from 1 to %d", native.max_pes)
      end
      leaf.s.count = n
    elseif leaf and leaf.quantum then
      leaf.s.quantum = param_value(site, "cpus", native.time_param, o.value)
    elseif o.key == "quantum" then
      out.quantum = param_value(site, "platform", native.time_param, o.value)
    elseif choices[o.key] then
      out[o.key] = o.value
    else
      table.sort(known)
      local near = native.nearest(o.key, known)
      if near then
        fail(site, "no such key; the nearest known one is '%s'", near)
      end
      fail(site, "no such key; known ones are %s ...", table.concat(known, ", ", 1, math.min(#known, 8)))
    end
  end
  for key, values in pairs(choices) do
    local found = out[key] == nil
    for _, v in ipairs(values) do
      found = found or out[key] == v
    end
    if not found then
      fail(key_site(file .. ":1", key), "%s: found '%s', expected one of %s", key, tostring(out[key]), table.concat(values, ", "))
    end
  end

  -- references between models, interrupts
  for _, s in ipairs(models) do
    s.irq_list, s.link_list = {}, {}
    for _, port in ipairs(s.class.ports) do
      for i, line in ipairs(s.irqs[port.name] or {}) do
        if not index[line.gic] then
          fail(s.sites[port.name], "%s.%s: this interrupt controller is not in the platform's table", s.path, port.name)
        end
        s.irq_list[#s.irq_list + 1] = { port = port.name, index = i - 1, gic = index[line.gic], intid = line.intid,
          site = s.sites[port.name] }
      end
      if port.kind == "irq" and port.mandatory and not s.irqs[port.name] then
        fail(s.site, "%s: port %s is not bound: write %s.%s = gic:spi(n)", s.path, port.name, s.name, port.name)
      end
      local peer = s.links[port.name]
      if peer then
        s.link_list[#s.link_list + 1] = { port = port.name, model = index[peer] }
      end
    end
    for i, f in ipairs(s.class.frames) do
      if not s.bases[i] then
        fail(s.site, "%s: base%s is missing: the address of its registers", s.path, #s.class.frames > 1 and "." .. f or "")
      end
    end
  end
  for _, s in ipairs(externals) do
    if s.irq and not index[s.irq.gic] then
      fail(s.site, "%s.irq: this interrupt controller is not in the platform's table", s.path)
    end
    s.gic = s.irq and index[s.irq.gic]
    s.intid = s.irq and s.irq.intid
  end
  if #sets == 0 then
    fail(file, "the platform has no PEs: expected cpus = tg.cpus{ ... }")
  end
  table.sort(sets, function(a, b)
    return a.number < b.number
  end)
  local n_pes = 0
  for _, s in ipairs(sets) do
    n_pes = n_pes + s.count
    if n_pes > native.max_pes then
      fail(s.sites.count or s.site, "cpus: count: found %d PEs in all sets so far, expected at most %d", n_pes, native.max_pes)
    end
    s.cache_index = s.cache and index[s.cache]
    s.quantum = s.quantum or out.quantum
    local freq = s.core_state.values.freq or class_named("cpu").param_by_name.freq.default
    local found = not s.opps
    for _, point in ipairs(s.opps or {}) do
      found = found or point.hz == freq
    end
    if not found then
      fail(s.sites.opps, "cpus: opps: none of them is the clock, %s", native.format(class_named("cpu").param_by_name.freq, freq))
    end
  end
  place_sets(sets)
  for _, s in ipairs(models) do
    local used = s.class.name ~= "cluster-cache"
    for _, c in ipairs(sets) do
      used = used or (c.cache and state[c.cache] == s)
    end
    if not used then
      fail(s.site, "%s: no PEs have this cache: write tg.cpus{ cache = %s }", s.path, s.name)
    end
  end

  -- where parameters were given, for what is found wrong later
  for _, s in ipairs(models) do
    s.origins = origins_of(s)
  end
  for _, s in ipairs(sets) do
    s.core_state.origins = origins_of(s.core_state)
  end

  -- everything that was resolved: as text, or a parameter of a model, which says itself what it has
  local seen = {}
  local place = {} -- state of a model or core -> its place in models or sets
  for v, i in pairs(index) do
    place[state[v]] = i
  end
  for i, s in ipairs(sets) do
    place[s.core_state] = i
  end
  for key, leaf in pairs(paths) do
    local entry = { key = key }
    if leaf.p then
      entry.param = leaf.p.name
      entry[leaf.s.class.name == "cpu" and "set" or "model"] = place[leaf.s]
    elseif leaf.frame then
      entry.value = string.format("0x%x", leaf.s.bases[leaf.frame].base)
    elseif leaf.quantum then
      entry.value = native.format(native.time_param, leaf.s.quantum or native.quantum)
    else
      entry.value = tostring(leaf.s.count)
    end
    config[#config + 1] = entry
    seen[key] = true
  end
  for key, value in pairs({ quantum = native.format(native.time_param, out.quantum or native.quantum), psci = out.psci or "hvc",
    smccc = out.smccc or "1.2" }) do
    config[#config + 1] = { key = key, value = value }
    seen[key] = true
  end
  for _, o in ipairs(options) do
    if not seen[o.key] then
      config[#config + 1] = o
    end
  end
  table.sort(config, function(a, b)
    return a.key < b.key
  end)
  return out
end

return setmetatable(tg, { __metatable = "tollgate", __index = function(_, key)
  local names = {}
  for k in pairs(tg) do
    if k:sub(1, 1) ~= "_" then
      names[#names + 1] = k
    end
  end
  unknown(here(), "tollgate", key, names)
end, __newindex = function(_, key)
  fail(here(), "tollgate: '%s' cannot be set", key)
end })
