// Makes the audit chain's collections, its indexes, and the roles of roles.json: one that can add to the chain and read
// it, and nothing else, and one that can only read.
//
//   mongosh "$ADMIN_URI" --eval 'var database = "petrosa"' deploy/mongodb/recorder.js
//   mongosh "$ADMIN_URI" --eval 'db.getSiblingDB("petrosa").createUser({user: "recorder", pwd: passwordPrompt(),
//     roles: ["cioRecorder"]})'
//
// Run it as an administrator; run it again after an update. The recorder itself may make no index: an index that lets
// documents expire would be a way to delete them. It finds the unique one, and does not start without.

const target = db.getSiblingDB(typeof database === "undefined" ? "petrosa" : database);

const present = new Set(target.getCollectionNames());
for (const name of ["audit_chain", "audit_lease", "trading_configs_audit"]) {
  if (!present.has(name)) target.createCollection(name);
}

target.audit_chain.createIndex({ kind: 1, id: 1 }, { unique: true });
target.audit_chain.createIndex({ at: 1 });
target.audit_chain.createIndex({ "facts.strategy": 1, at: -1 });
target.audit_chain.createIndex({ "facts.symbol": 1, at: -1 });
target.audit_chain.createIndex({ "facts.revision": 1 }, { sparse: true });
target.audit_chain.createIndex({ "facts.last": 1 }, { sparse: true });

// Of audit_chain no update, no remove, no drop, no index. audit_lease holds one document, that says who leads, and
// trading_configs_audit the authority's trail of changes, to be copied into the chain.
const roles = JSON.parse(require("fs").readFileSync(require("path").join(__dirname, "roles.json"), "utf8"));

for (const [name, grants] of Object.entries(roles)) {
  const privileges = grants.map(({ collection, actions }) => ({ resource: { db: target.getName(), collection }, actions }));
  if (target.getRole(name) === null) target.createRole({ role: name, privileges, roles: [] });
  else target.updateRole(name, { privileges, roles: [] });
}

print(`roles ${Object.keys(roles).join(" and ")} are in ${target.getName()}`);
