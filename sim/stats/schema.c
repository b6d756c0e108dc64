/* SPDX-License-Identifier: Apache-2.0 */
/* The schema, a public interface: docs/database.md explains it; a change needs a new STATS_SCHEMA_VERSION and
 * a migration. New files are made by the same steps, so that there is one description of each version. */
#include "models/base/log.h"
#include "sim/stats/internal.h"

/* clang-format off */
static const char version1[] =
"CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
"INSERT INTO meta VALUES('program', 'tollgate'), ('schema', '1');"

"CREATE TABLE run("
"  run_id INTEGER PRIMARY KEY,"
"  platform TEXT NOT NULL, core TEXT NOT NULL, mode TEXT NOT NULL, pes INTEGER NOT NULL,"
"  seed INTEGER NOT NULL, quantum_ps INTEGER NOT NULL,"
"  status TEXT NOT NULL, why TEXT,"
"  sim_ps INTEGER NOT NULL DEFAULT 0, insns INTEGER NOT NULL DEFAULT 0, cycles INTEGER NOT NULL DEFAULT 0,"
"  schema_version INTEGER NOT NULL,"
"  command TEXT, version TEXT, host_start TEXT, host_s REAL);"

"CREATE TABLE config("
"  run_id INTEGER NOT NULL REFERENCES run, key TEXT NOT NULL, value TEXT NOT NULL,"
"  PRIMARY KEY(run_id, key)) WITHOUT ROWID;"

"CREATE TABLE phase("
"  phase_id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES run, seq INTEGER NOT NULL,"
"  name TEXT NOT NULL, start_ps INTEGER NOT NULL, end_ps INTEGER NOT NULL,"
"  UNIQUE(run_id, seq), UNIQUE(run_id, name));"

"CREATE TABLE pe("
"  run_id INTEGER NOT NULL, phase_id INTEGER NOT NULL REFERENCES phase, pe INTEGER NOT NULL,"
"  hz INTEGER NOT NULL, local_ps INTEGER NOT NULL, insns INTEGER NOT NULL, cycles INTEGER NOT NULL,"
"  PRIMARY KEY(phase_id, pe)) WITHOUT ROWID;"

"CREATE TABLE context("
"  run_id INTEGER NOT NULL, phase_id INTEGER NOT NULL REFERENCES phase, pe INTEGER NOT NULL, context TEXT NOT NULL,"
"  insns INTEGER NOT NULL, cycles INTEGER NOT NULL,"
"  PRIMARY KEY(phase_id, pe, context)) WITHOUT ROWID;"

"CREATE TABLE context_bucket("
"  run_id INTEGER NOT NULL, phase_id INTEGER NOT NULL, pe INTEGER NOT NULL, context TEXT NOT NULL,"
"  bucket TEXT NOT NULL, cycles INTEGER NOT NULL,"
"  PRIMARY KEY(phase_id, pe, context, bucket)) WITHOUT ROWID;"

"CREATE TABLE counter_info("
"  class TEXT NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL, description TEXT NOT NULL,"
"  PRIMARY KEY(class, name)) WITHOUT ROWID;"

"CREATE TABLE counter("
"  run_id INTEGER NOT NULL, phase_id INTEGER NOT NULL REFERENCES phase,"
"  model TEXT NOT NULL, class TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,"
"  PRIMARY KEY(phase_id, model, name)) WITHOUT ROWID;"

"CREATE TABLE sample("
"  run_id INTEGER NOT NULL REFERENCES run, sim_ps INTEGER NOT NULL, pe INTEGER NOT NULL,"
"  insns INTEGER NOT NULL, cycles INTEGER NOT NULL, exits INTEGER NOT NULL);"
"CREATE INDEX sample_run ON sample(run_id, sim_ps);"

"CREATE TABLE vm("
"  run_id INTEGER NOT NULL REFERENCES run, vm INTEGER NOT NULL, vmid INTEGER NOT NULL,"
"  PRIMARY KEY(run_id, vm)) WITHOUT ROWID;"

"CREATE TABLE vcpu("
"  run_id INTEGER NOT NULL, vm INTEGER NOT NULL, vcpu INTEGER NOT NULL, vmpidr INTEGER NOT NULL,"
"  PRIMARY KEY(run_id, vm, vcpu)) WITHOUT ROWID;"

"CREATE TABLE vcpu_phase("
"  run_id INTEGER NOT NULL, phase_id INTEGER NOT NULL REFERENCES phase, vm INTEGER NOT NULL, vcpu INTEGER NOT NULL,"
"  guest_insns INTEGER NOT NULL, guest_cycles INTEGER NOT NULL,"
"  exits INTEGER NOT NULL, exit_cycles INTEGER NOT NULL, entries INTEGER NOT NULL, lost INTEGER NOT NULL,"
"  PRIMARY KEY(phase_id, vm, vcpu)) WITHOUT ROWID;"

"CREATE TABLE exit("
"  exit_id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, phase_id INTEGER NOT NULL REFERENCES phase,"
"  vm INTEGER NOT NULL, vcpu INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,"
"  count INTEGER NOT NULL, insns INTEGER NOT NULL,"
"  cycles INTEGER NOT NULL, cycles_min INTEGER NOT NULL, cycles_max INTEGER NOT NULL,"
"  cycles_p50 INTEGER NOT NULL, cycles_p99 INTEGER NOT NULL,"
"  ns INTEGER NOT NULL, ns_min INTEGER NOT NULL, ns_max INTEGER NOT NULL,"
"  el2_cycles INTEGER NOT NULL, el3_cycles INTEGER NOT NULL, host_el1_cycles INTEGER NOT NULL,"
"  host_el0_cycles INTEGER NOT NULL, guest_cycles INTEGER NOT NULL, idle_cycles INTEGER NOT NULL,"
"  UNIQUE(phase_id, vm, vcpu, reason, detail));"

"CREATE TABLE exit_bucket("
"  exit_id INTEGER NOT NULL REFERENCES exit, bucket TEXT NOT NULL, cycles INTEGER NOT NULL,"
"  PRIMARY KEY(exit_id, bucket)) WITHOUT ROWID;"

"CREATE TABLE trap("
"  run_id INTEGER NOT NULL, phase_id INTEGER NOT NULL REFERENCES phase,"
"  from_el INTEGER NOT NULL, to_el INTEGER NOT NULL, from_guest INTEGER NOT NULL, ec TEXT NOT NULL, detail TEXT NOT NULL,"
"  count INTEGER NOT NULL, returned INTEGER NOT NULL, cycles INTEGER NOT NULL,"
"  cycles_min INTEGER NOT NULL, cycles_max INTEGER NOT NULL,"
"  PRIMARY KEY(phase_id, from_el, to_el, from_guest, ec, detail)) WITHOUT ROWID;"

"CREATE VIEW v_run AS SELECT run_id, platform, core, mode, pes, status, sim_ps / 1000 AS sim_ns, insns, cycles, host_s,"
"  CASE WHEN host_s > 0 THEN insns / host_s / 1e6 END AS mips FROM run;"

"CREATE VIEW v_exit AS SELECT e.run_id AS run_id, p.name AS phase, e.vm AS vm, e.vcpu AS vcpu, e.reason AS reason,"
"  e.detail AS detail, e.count AS count,"
"  1.0 * e.insns / e.count AS insns_mean, 1.0 * e.cycles / e.count AS cycles_mean, e.cycles_min AS cycles_min,"
"  e.cycles_max AS cycles_max, e.cycles_p50 AS cycles_p50, e.cycles_p99 AS cycles_p99, 1.0 * e.ns / e.count AS ns_mean,"
"  1.0 * e.el2_cycles / e.cycles AS share_el2, 1.0 * e.host_el1_cycles / e.cycles AS share_host_el1,"
"  1.0 * e.host_el0_cycles / e.cycles AS share_host_el0, 1.0 * e.idle_cycles / e.cycles AS share_idle"
"  FROM exit e JOIN phase p USING(phase_id);"

"CREATE VIEW v_trap AS SELECT t.run_id AS run_id, p.name AS phase, t.from_el AS from_el, t.to_el AS to_el, t.ec AS ec,"
"  t.detail AS detail, sum(t.count) AS count, 1.0 * sum(t.cycles) / nullif(sum(t.returned), 0) AS cycles_mean"
"  FROM trap t JOIN phase p USING(phase_id) GROUP BY t.phase_id, t.from_el, t.to_el, t.ec, t.detail;"

"CREATE VIEW v_cpi AS SELECT b.run_id AS run_id, p.name AS phase, b.pe AS pe, b.context AS context, b.bucket AS bucket,"
"  b.cycles AS cycles, 1.0 * b.cycles / nullif((SELECT sum(c.cycles) FROM context c WHERE c.phase_id = b.phase_id AND c.pe = b.pe), 0)"
"  AS share FROM context_bucket b JOIN phase p USING(phase_id);"

"CREATE VIEW v_overhead AS SELECT v.run_id AS run_id, p.name AS phase, v.vm AS vm, sum(v.guest_cycles) AS guest_cycles,"
"  sum(v.exit_cycles) AS exit_cycles, 1.0 * sum(v.exit_cycles) / nullif(sum(v.guest_cycles) + sum(v.exit_cycles), 0) AS share"
"  FROM vcpu_phase v JOIN phase p USING(phase_id) GROUP BY v.phase_id, v.vm;"

"CREATE VIEW v_counter AS SELECT c.run_id AS run_id, p.name AS phase, c.model AS model, c.name AS name, i.unit AS unit,"
"  c.value - coalesce((SELECT q.value FROM counter q JOIN phase o ON o.phase_id = q.phase_id WHERE o.run_id = c.run_id"
"  AND o.seq = p.seq - 1 AND q.model = c.model AND q.name = c.name), 0) AS value, i.description AS description"
"  FROM counter c JOIN phase p USING(phase_id) JOIN counter_info i ON i.class = c.class AND i.name = c.name;"

"CREATE VIEW v_pe AS SELECT e.run_id AS run_id, p.name AS phase, e.pe AS pe, e.hz AS hz,"
"  e.insns - coalesce(o.insns, 0) AS insns, e.cycles - coalesce(o.cycles, 0) AS cycles,"
"  1.0 * (e.cycles - coalesce(o.cycles, 0)) / nullif(e.insns - coalesce(o.insns, 0), 0) AS cpi"
"  FROM pe e JOIN phase p USING(phase_id) LEFT JOIN phase q ON q.run_id = p.run_id AND q.seq = p.seq - 1"
"  LEFT JOIN pe o ON o.phase_id = q.phase_id AND o.pe = e.pe;"
;

/* Single events and samples of the program counter. They come before the phase's row does, so they have its number. */
static const char version2[] =
"UPDATE meta SET value = '2' WHERE key = 'schema';"
"ALTER TABLE run ADD COLUMN events_dropped INTEGER NOT NULL DEFAULT 0;"

"CREATE TABLE event("
"  run_id INTEGER NOT NULL REFERENCES run, seq INTEGER NOT NULL, phase INTEGER NOT NULL, kind TEXT NOT NULL,"
"  pe INTEGER NOT NULL, end_pe INTEGER NOT NULL, vm INTEGER, vcpu INTEGER,"
"  from_el INTEGER NOT NULL, to_el INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,"
"  start_ps INTEGER NOT NULL, pc INTEGER NOT NULL, symbol TEXT,"
"  insns INTEGER NOT NULL, cycles INTEGER NOT NULL, ns INTEGER NOT NULL, idle_cycles INTEGER NOT NULL,"
"  PRIMARY KEY(run_id, seq)) WITHOUT ROWID;"

"CREATE TABLE profile("
"  run_id INTEGER NOT NULL REFERENCES run, phase INTEGER NOT NULL, pe INTEGER NOT NULL, context TEXT NOT NULL,"
"  el INTEGER NOT NULL, vm INTEGER NOT NULL, pc INTEGER NOT NULL, symbol TEXT,"
"  samples INTEGER NOT NULL, cycles INTEGER NOT NULL,"
"  PRIMARY KEY(run_id, phase, pe, context, el, vm, pc)) WITHOUT ROWID;"

"CREATE VIEW v_event AS SELECT e.run_id AS run_id, e.seq AS seq, p.name AS phase, e.kind AS kind, e.vm AS vm, e.vcpu AS vcpu,"
"  e.pe AS pe, e.end_pe AS end_pe, e.from_el AS from_el, e.to_el AS to_el, e.reason AS reason, e.detail AS detail,"
"  e.start_ps / 1e3 AS start_ns, printf('0x%llx', e.pc) AS pc, e.symbol AS symbol, e.insns AS insns, e.cycles AS cycles, e.ns AS ns,"
"  e.idle_cycles AS idle_cycles FROM event e LEFT JOIN phase p ON p.run_id = e.run_id AND p.seq = e.phase;"

"CREATE VIEW v_profile AS SELECT s.run_id AS run_id, p.name AS phase, s.pe AS pe, s.context AS context, s.el AS el,"
"  nullif(s.vm, -1) AS vm, printf('0x%llx', s.pc) AS pc, s.symbol AS symbol, s.samples AS samples, s.cycles AS cycles,"
"  1.0 * s.cycles / nullif(sum(s.cycles) OVER (PARTITION BY s.run_id, s.phase, s.pe), 0) AS share"
"  FROM profile s LEFT JOIN phase p ON p.run_id = s.run_id AND p.seq = s.phase;"
;

/* A mode for each phase, exits that lie on both sides of a change of mode, the time series by bucket and counter, why there is no guest. */
static const char version3[] =
"UPDATE meta SET value = '3' WHERE key = 'schema';"
"ALTER TABLE run ADD COLUMN note TEXT;"
"ALTER TABLE phase ADD COLUMN mode TEXT NOT NULL DEFAULT '';"
"UPDATE phase SET mode = (SELECT r.mode FROM run r WHERE r.run_id = phase.run_id);"
"ALTER TABLE exit ADD COLUMN measured INTEGER NOT NULL DEFAULT 0;"
"UPDATE exit SET measured = count;"
"ALTER TABLE sample ADD COLUMN mode TEXT NOT NULL DEFAULT '';"
"ALTER TABLE event ADD COLUMN mixed INTEGER NOT NULL DEFAULT 0;"

"CREATE TABLE sample_bucket("
"  run_id INTEGER NOT NULL REFERENCES run, sim_ps INTEGER NOT NULL, pe INTEGER NOT NULL, bucket TEXT NOT NULL, cycles INTEGER NOT NULL,"
"  PRIMARY KEY(run_id, sim_ps, pe, bucket)) WITHOUT ROWID;"

"CREATE TABLE sample_counter("
"  run_id INTEGER NOT NULL REFERENCES run, sim_ps INTEGER NOT NULL, model TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,"
"  PRIMARY KEY(run_id, model, name, sim_ps)) WITHOUT ROWID;"

"DROP VIEW v_exit; DROP VIEW v_trap; DROP VIEW v_cpi; DROP VIEW v_overhead; DROP VIEW v_pe; DROP VIEW v_event;"

"CREATE VIEW v_exit AS SELECT e.run_id AS run_id, p.name AS phase, e.vm AS vm, e.vcpu AS vcpu, e.reason AS reason,"
"  e.detail AS detail, e.count AS count,"
"  1.0 * e.insns / nullif(e.measured, 0) AS insns_mean, 1.0 * e.cycles / nullif(e.measured, 0) AS cycles_mean,"
"  CASE WHEN e.measured > 0 THEN e.cycles_min END AS cycles_min, CASE WHEN e.measured > 0 THEN e.cycles_max END AS cycles_max,"
"  CASE WHEN e.measured > 0 THEN e.cycles_p50 END AS cycles_p50, CASE WHEN e.measured > 0 THEN e.cycles_p99 END AS cycles_p99,"
"  1.0 * e.ns / nullif(e.measured, 0) AS ns_mean,"
"  1.0 * e.el2_cycles / e.cycles AS share_el2, 1.0 * e.host_el1_cycles / e.cycles AS share_host_el1,"
"  1.0 * e.host_el0_cycles / e.cycles AS share_host_el0, 1.0 * e.idle_cycles / e.cycles AS share_idle, p.mode AS mode"
"  FROM exit e JOIN phase p USING(phase_id);"

"CREATE VIEW v_trap AS SELECT t.run_id AS run_id, p.name AS phase, t.from_el AS from_el, t.to_el AS to_el, t.ec AS ec,"
"  t.detail AS detail, sum(t.count) AS count, 1.0 * sum(t.cycles) / nullif(sum(t.returned), 0) AS cycles_mean, p.mode AS mode"
"  FROM trap t JOIN phase p USING(phase_id) GROUP BY t.phase_id, t.from_el, t.to_el, t.ec, t.detail;"

"CREATE VIEW v_cpi AS SELECT b.run_id AS run_id, p.name AS phase, b.pe AS pe, b.context AS context, b.bucket AS bucket,"
"  b.cycles AS cycles, 1.0 * b.cycles / nullif((SELECT sum(c.cycles) FROM context c WHERE c.phase_id = b.phase_id AND c.pe = b.pe), 0)"
"  AS share, p.mode AS mode FROM context_bucket b JOIN phase p USING(phase_id);"

"CREATE VIEW v_overhead AS SELECT v.run_id AS run_id, p.name AS phase, v.vm AS vm, sum(v.guest_cycles) AS guest_cycles,"
"  sum(v.exit_cycles) AS exit_cycles, 1.0 * sum(v.exit_cycles) / nullif(sum(v.guest_cycles) + sum(v.exit_cycles), 0) AS share,"
"  p.mode AS mode FROM vcpu_phase v JOIN phase p USING(phase_id) GROUP BY v.phase_id, v.vm;"

"CREATE VIEW v_pe AS SELECT e.run_id AS run_id, p.name AS phase, e.pe AS pe, e.hz AS hz,"
"  e.insns - coalesce(o.insns, 0) AS insns, e.cycles - coalesce(o.cycles, 0) AS cycles,"
"  1.0 * (e.cycles - coalesce(o.cycles, 0)) / nullif(e.insns - coalesce(o.insns, 0), 0) AS cpi, p.mode AS mode"
"  FROM pe e JOIN phase p USING(phase_id) LEFT JOIN phase q ON q.run_id = p.run_id AND q.seq = p.seq - 1"
"  LEFT JOIN pe o ON o.phase_id = q.phase_id AND o.pe = e.pe;"

"CREATE VIEW v_event AS SELECT e.run_id AS run_id, e.seq AS seq, p.name AS phase, e.kind AS kind, e.vm AS vm, e.vcpu AS vcpu,"
"  e.pe AS pe, e.end_pe AS end_pe, e.from_el AS from_el, e.to_el AS to_el, e.reason AS reason, e.detail AS detail,"
"  e.start_ps / 1e3 AS start_ns, printf('0x%llx', e.pc) AS pc, e.symbol AS symbol, e.insns AS insns, e.cycles AS cycles, e.ns AS ns,"
"  e.idle_cycles AS idle_cycles, e.mixed AS mixed FROM event e LEFT JOIN phase p ON p.run_id = e.run_id AND p.seq = e.phase;"

"CREATE VIEW v_sample AS SELECT run_id, sim_ps / 1e3 AS sim_ns, pe,"
"  insns - lag(insns, 1, 0) OVER w AS insns, cycles - lag(cycles, 1, 0) OVER w AS cycles, exits - lag(exits, 1, 0) OVER w AS exits, mode"
"  FROM sample WINDOW w AS (PARTITION BY run_id, pe ORDER BY sim_ps);"

"CREATE VIEW v_sample_counter AS SELECT run_id, sim_ps / 1e3 AS sim_ns, model, name,"
"  value - lag(value, 1, 0) OVER (PARTITION BY run_id, model, name ORDER BY sim_ps) AS value FROM sample_counter;"
;

/* Sets of different PEs: which PE is of which, and rows of exits and traps that hold cycles of one clock. Before there was one set, mostly named
 * 'cpus'. */
static const char version4[] =
"UPDATE meta SET value = '4' WHERE key = 'schema';"
"CREATE TABLE pe_info("
"  run_id INTEGER NOT NULL REFERENCES run, pe INTEGER NOT NULL, cpus TEXT NOT NULL, core TEXT NOT NULL, mpidr INTEGER NOT NULL,"
"  PRIMARY KEY(run_id, pe)) WITHOUT ROWID;"

"DROP VIEW v_exit; DROP VIEW v_trap; DROP VIEW v_pe;"

"CREATE TABLE exit4("
"  exit_id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, phase_id INTEGER NOT NULL REFERENCES phase,"
"  vm INTEGER NOT NULL, vcpu INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,"
"  count INTEGER NOT NULL, insns INTEGER NOT NULL,"
"  cycles INTEGER NOT NULL, cycles_min INTEGER NOT NULL, cycles_max INTEGER NOT NULL,"
"  cycles_p50 INTEGER NOT NULL, cycles_p99 INTEGER NOT NULL,"
"  ns INTEGER NOT NULL, ns_min INTEGER NOT NULL, ns_max INTEGER NOT NULL,"
"  el2_cycles INTEGER NOT NULL, el3_cycles INTEGER NOT NULL, host_el1_cycles INTEGER NOT NULL,"
"  host_el0_cycles INTEGER NOT NULL, guest_cycles INTEGER NOT NULL, idle_cycles INTEGER NOT NULL,"
"  measured INTEGER NOT NULL DEFAULT 0, cpus TEXT NOT NULL,"
"  UNIQUE(phase_id, vm, vcpu, reason, detail, cpus));"
"INSERT INTO exit4 SELECT *, 'cpus' FROM exit;"
"DROP TABLE exit;"
"ALTER TABLE exit4 RENAME TO exit;"

"CREATE TABLE trap4("
"  run_id INTEGER NOT NULL, phase_id INTEGER NOT NULL REFERENCES phase,"
"  from_el INTEGER NOT NULL, to_el INTEGER NOT NULL, from_guest INTEGER NOT NULL, ec TEXT NOT NULL, detail TEXT NOT NULL, cpus TEXT NOT NULL,"
"  count INTEGER NOT NULL, returned INTEGER NOT NULL, cycles INTEGER NOT NULL,"
"  cycles_min INTEGER NOT NULL, cycles_max INTEGER NOT NULL,"
"  PRIMARY KEY(phase_id, from_el, to_el, from_guest, ec, detail, cpus)) WITHOUT ROWID;"
"INSERT INTO trap4 SELECT run_id, phase_id, from_el, to_el, from_guest, ec, detail, 'cpus', count, returned, cycles, cycles_min, cycles_max FROM trap;"
"DROP TABLE trap;"
"ALTER TABLE trap4 RENAME TO trap;"

"CREATE VIEW v_exit AS SELECT e.run_id AS run_id, p.name AS phase, e.vm AS vm, e.vcpu AS vcpu, e.reason AS reason,"
"  e.detail AS detail, e.count AS count,"
"  1.0 * e.insns / nullif(e.measured, 0) AS insns_mean, 1.0 * e.cycles / nullif(e.measured, 0) AS cycles_mean,"
"  CASE WHEN e.measured > 0 THEN e.cycles_min END AS cycles_min, CASE WHEN e.measured > 0 THEN e.cycles_max END AS cycles_max,"
"  CASE WHEN e.measured > 0 THEN e.cycles_p50 END AS cycles_p50, CASE WHEN e.measured > 0 THEN e.cycles_p99 END AS cycles_p99,"
"  1.0 * e.ns / nullif(e.measured, 0) AS ns_mean,"
"  1.0 * e.el2_cycles / e.cycles AS share_el2, 1.0 * e.host_el1_cycles / e.cycles AS share_host_el1,"
"  1.0 * e.host_el0_cycles / e.cycles AS share_host_el0, 1.0 * e.idle_cycles / e.cycles AS share_idle, p.mode AS mode, e.cpus AS cpus"
"  FROM exit e JOIN phase p USING(phase_id);"

"CREATE VIEW v_trap AS SELECT t.run_id AS run_id, p.name AS phase, t.from_el AS from_el, t.to_el AS to_el, t.ec AS ec,"
"  t.detail AS detail, sum(t.count) AS count, 1.0 * sum(t.cycles) / nullif(sum(t.returned), 0) AS cycles_mean, p.mode AS mode, t.cpus AS cpus"
"  FROM trap t JOIN phase p USING(phase_id) GROUP BY t.phase_id, t.from_el, t.to_el, t.ec, t.detail, t.cpus;"

"CREATE VIEW v_pe AS SELECT e.run_id AS run_id, p.name AS phase, e.pe AS pe, e.hz AS hz,"
"  e.insns - coalesce(o.insns, 0) AS insns, e.cycles - coalesce(o.cycles, 0) AS cycles,"
"  1.0 * (e.cycles - coalesce(o.cycles, 0)) / nullif(e.insns - coalesce(o.insns, 0), 0) AS cpi, p.mode AS mode, i.cpus AS cpus, i.core AS core"
"  FROM pe e JOIN phase p USING(phase_id) LEFT JOIN phase q ON q.run_id = p.run_id AND q.seq = p.seq - 1"
"  LEFT JOIN pe o ON o.phase_id = q.phase_id AND o.pe = e.pe LEFT JOIN pe_info i ON i.run_id = e.run_id AND i.pe = e.pe;"
;

const char *const stats_migrations[STATS_SCHEMA_VERSION] = {version1, version2, version3, version4};
/* clang-format on */
