// Makes the audit chain's collections, its indexes, and a role that can add to the chain and read it, and nothing else.
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

const on = (collection, ...actions) => ({ resource: { db: target.getName(), collection }, actions });

const role = {
  privileges: [
    // No update, no remove, no drop, no index.
    on("audit_chain", "find", "insert", "listIndexes"),
    // One document that says who leads.
    on("audit_lease", "find", "insert", "update"),
    // The authority's trail of changes, to be copied into the chain.
    on("trading_configs_audit", "find"),
  ],
  roles: [],
};

const auditor = {
  privileges: [on("audit_chain", "find", "listIndexes"), on("trading_configs_audit", "find")],
  roles: [],
};

for (const [name, content] of [["cioRecorder", role], ["cioAuditor", auditor]]) {
  if (target.getRole(name) === null) target.createRole({ role: name, ...content });
  else target.updateRole(name, content);
}

print(`roles cioRecorder and cioAuditor are in ${target.getName()}`);
