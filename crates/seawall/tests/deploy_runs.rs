//! `seawall deploy` on a real node. It needs anvil, whose place is in `SEAWALL_ANVIL`: `cargo xtask contracts` installs
//! it and runs these; an ordinary run of the tests does not, and says so.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use seawall_contracts::abi::{Access, MockToken, Pool, PoolLens, ShareToken};
use seawall_contracts::rpc::Call;
use seawall_contracts::{Address, Node, SolCall, U256};
use serde_json::{Value, json};
use tempfile::TempDir;

/// First account of anvil, whose key is in the keystore beside.
const DEPLOYER: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
/// Another rich account, which no role is given to.
const ALICE: &str = "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720";
const UNIT: u128 = 1_000_000_000_000_000_000;

/// A node of its own, a folder, and a token on the node.
struct World {
    anvil: Child,
    url: String,
    node: Node,
    folder: TempDir,
    token: Address,
}

impl Drop for World {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about it here.
        let _ = self.anvil.kill();
        let _ = self.anvil.wait();
    }
}

impl World {
    fn new(more: &[&str]) -> Self {
        let binary =
            std::env::var_os("SEAWALL_ANVIL").expect("SEAWALL_ANVIL names anvil: cargo xtask contracts");
        let mut anvil = Command::new(binary)
            .args(["--port", "0"])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("anvil starts");
        let said = BufReader::new(anvil.stdout.take().unwrap());
        let place = said
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("Listening on ").map(str::to_owned));
        let url = format!("http://{}", place.expect("anvil says where it listens"));
        let node = Node::new(&url);
        let folder = TempDir::new().unwrap();
        let mut world = Self { anvil, url, node, folder, token: Address::ZERO };
        let receipt = world.transact(ALICE, None, MockToken::BYTECODE.as_ref());
        world.token = receipt["contractAddress"].as_str().unwrap().parse().unwrap();
        std::fs::write(world.folder.path().join("key.json"), include_str!("deploy_support/keystore.json"))
            .unwrap();
        std::fs::write(world.folder.path().join("password"), "seawall\n").unwrap();
        world.configure(|_| ());
        world
    }

    /// Writes the example with this node's token, changed.
    fn configure(&self, change: impl FnOnce(&mut Value)) {
        let output =
            Command::new(env!("CARGO_BIN_EXE_seawall")).args(["deploy", "--print-config"]).output().unwrap();
        let mut config: Value = serde_json::from_slice(&output.stdout).unwrap();
        config["asset"] = json!({"address": self.token, "symbol": "MOCK", "decimals": 18});
        change(&mut config);
        std::fs::write(self.folder.path().join("pool.json"), config.to_string()).unwrap();
    }

    /// A transaction of one of anvil's own accounts; its receipt.
    fn transact(&self, from: &str, to: Option<Address>, data: &[u8]) -> Value {
        let data = seawall_contracts::Bytes::copy_from_slice(data);
        let hash: Value =
            self.node.ask("eth_sendTransaction", json!([{"from": from, "to": to, "input": data}])).unwrap();
        // The node answers before the block is there.
        for _ in 0..100 {
            let receipt: Value = self.node.ask("eth_getTransactionReceipt", json!([hash])).unwrap();
            if !receipt.is_null() {
                assert_eq!(receipt["status"], "0x1");
                return receipt;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{hash} is in no block");
    }

    fn ask<C: SolCall>(&self, to: Address, call: &C) -> C::Return {
        let call = Call { from: Address::ZERO, to: Some(to), data: call.abi_encode().into() };
        C::abi_decode_returns(&self.node.call(&call).unwrap()).unwrap()
    }

    /// Runs `seawall deploy`; exit code, standard output, standard error.
    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_seawall"))
            .args(["deploy", "--config", "pool.json", "--rpc-url", &self.url])
            .args(args)
            .current_dir(self.folder.path())
            .env_remove("SEAWALL_DEPLOYER_KEY")
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn deploy(&self) -> Value {
        let (code, out, err) = self.run(&[&KEYSTORE[..], &["--json"]].concat());
        assert_eq!(code, 0, "{out}{err}");
        serde_json::from_str(&out).unwrap()
    }
}

const KEYSTORE: [&str; 4] = ["--keystore", "key.json", "--password-file", "password"];

fn address(value: &Value) -> Address {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
#[ignore = "needs anvil: cargo xtask contracts"]
fn a_dry_run_foresees_what_the_deployment_does() {
    let world = World::new(&[]);
    let (code, out, err) = world.run(&["--from", DEPLOYER, "--dry-run", "--json"]);
    assert_eq!(code, 0, "{out}{err}");
    let planned: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(world.node.nonce(DEPLOYER.parse().unwrap()).unwrap(), 0, "nothing was sent");
    let done = world.deploy();
    for key in ["pool", "access", "lens", "share_tokens", "modules", "roles", "asset", "chain_id", "deployer"]
    {
        assert_eq!(planned[key], done[key], "{key}");
    }
    let steps = |record: &Value| record["transactions"].as_array().unwrap().clone();
    for (planned, done) in steps(&planned).iter().zip(&steps(&done)) {
        assert_eq!(planned["step"], done["step"]);
        // This node cannot simulate creations: gas of what builds on them is unknown before.
        let used = done["gas"].as_u64().unwrap();
        match planned["gas"].as_u64() {
            Some(gas) => {
                assert!((used..=used + used / 20).contains(&gas), "{}: {gas}, {used}", planned["step"])
            }
            None => assert!(planned["step"] == "Pool" || planned["step"] == "roles", "{}", planned["step"]),
        }
    }
    assert_eq!(steps(&planned).len(), steps(&done).len());
}

#[test]
#[ignore = "needs anvil: cargo xtask contracts"]
fn a_deployed_pool_is_what_the_file_says_and_takes_deposits() {
    let world = World::new(&[]);
    let record = world.deploy();
    let written = std::fs::read_to_string(world.folder.path().join("deployment.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), record);
    let (pool, access) = (address(&record["pool"]), address(&record["access"]));
    // Roles: as the file says, and none for the deployer.
    for role in record["roles"].as_array().unwrap() {
        let number = ["admin", "owner", "actuary", "risk", "guardian", "revoker"]
            .iter()
            .position(|name| *name == role["role"])
            .unwrap();
        let call = Access::hasRoleCall { roleId: number as u64, account: address(&role["account"]) };
        let held = world.ask(access, &call);
        assert!(held.isMember && u64::from(held.executionDelay) == role["delay_seconds"], "{role}");
    }
    for role in 0..=5 {
        let call = Access::hasRoleCall { roleId: role, account: DEPLOYER.parse().unwrap() };
        assert!(!world.ask(access, &call).isMember, "the deployer keeps role {role}");
    }
    let guardian = address(&record["roles"][3]["account"]);
    let can =
        Access::canCallCall { caller: guardian, target: pool, selector: Pool::pauseCall::SELECTOR.into() };
    assert_eq!(record["roles"][3]["role"], "guardian");
    assert!(world.ask(access, &can).immediate, "the guardian can pause");
    // A deposit through the share token, seen through the lens.
    let junior = address(&record["share_tokens"][0]["token"]);
    let alice: Address = ALICE.parse().unwrap();
    let amount = U256::from(1000 * UNIT);
    world.transact(ALICE, Some(world.token), &MockToken::mintCall { to: alice, amount }.abi_encode());
    let approve = MockToken::approveCall { spender: pool, value: amount };
    world.transact(ALICE, Some(world.token), &approve.abi_encode());
    let deposit = ShareToken::depositCall { assets: amount, receiver: alice };
    world.transact(ALICE, Some(junior), &deposit.abi_encode());
    let page = || PoolLens::Page { from: 0, count: 10 };
    let read =
        PoolLens::readCall { pool, named: vec![], ticketPage: page(), exitPage: page(), holder: alice };
    let seen = world.ask(address(&record["lens"]), &read);
    assert_eq!(seen.whole.core.tranches[0].active.assets, 1000 * UNIT);
    assert_eq!(seen.whole.core.tokens, 1000 * UNIT);
    assert_eq!(seen.positions[0].heldValue, amount);
    assert_eq!(seen.whole.tokens[0], junior);
    assert_eq!((seen.whole.rules.cooldown, seen.whole.rules.depositMin), (21 * 24 * 3600, UNIT));
    // A second deployment needs another name for its record.
    let (code, _, err) = world.run(&KEYSTORE);
    assert!(code == 2 && err.contains("exists already"), "{err}");
}

#[test]
#[ignore = "needs anvil: cargo xtask contracts"]
fn what_does_not_fit_the_chain_is_refused_before_anything_is_sent() {
    let world = World::new(&[]);
    let refused = |code: i32, words: &[&str]| {
        let (found, _, err) = world.run(&KEYSTORE);
        assert_eq!(found, code, "{err}");
        for word in words {
            assert!(err.contains(word), "{word}: {err}");
        }
        assert_eq!(world.node.nonce(DEPLOYER.parse().unwrap()).unwrap(), 0, "nothing was sent");
        assert!(!world.folder.path().join("deployment.json").exists());
    };
    world.configure(|config| config["chain_id"] = 1.into());
    refused(2, &["chain 31337", "1 is wanted"]);
    world.configure(|config| config["asset"]["decimals"] = 6.into());
    refused(2, &["MOCK", "18 decimals", "6 in the file"]);
    world.configure(|config| config["asset"]["address"] = ALICE.into());
    refused(2, &["no contract", ALICE]);
    world.configure(|_| ());
    let _: Value = world.node.ask("anvil_setBalance", json!([DEPLOYER, "0x1"])).unwrap();
    refused(1, &[DEPLOYER, "1 wei"]);
}

/// A node that mines only when told: the wait ends and says which transaction is missing; a second run goes on with what
/// waits, sends again what the node has lost, and ends in the pool of one run.
#[test]
#[ignore = "needs anvil: cargo xtask contracts"]
fn a_deployment_that_was_broken_off_goes_on() {
    let world = World::new(&[]);
    let (code, planned, err) = world.run(&["--from", DEPLOYER, "--dry-run", "--json"]);
    assert_eq!(code, 0, "{err}");
    let planned: Value = serde_json::from_str(&planned).unwrap();
    let mining = |on: bool| {
        let _: Value = world.node.ask("evm_setAutomine", json!([on])).unwrap();
    };
    let left = world.folder.path().join("deployment.json.begun");
    let begun = || -> Value { serde_json::from_str(&std::fs::read_to_string(&left).unwrap()).unwrap() };
    mining(false);
    let briefly = [&KEYSTORE[..], &["--timeout", "1"]].concat();
    let (code, _, err) = world.run(&briefly);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("PoolTime") && err.contains("in no block after 1 seconds"), "{err}");
    assert!(err.contains("--resume"), "{err}");
    let modules = begun()["transactions"].as_array().unwrap().len();
    assert!(modules > 3, "{}", begun());
    // Nothing is begun twice by mistake.
    let (code, _, err) = world.run(&KEYSTORE);
    assert!(code == 2 && err.contains("begun and not finished"), "{err}");
    // Another file than it was begun with.
    world.configure(|config| config["tranches"] = json!(["only"]));
    let (code, _, err) = world.run(&[&briefly[..], &["--resume"]].concat());
    assert_eq!(code, 1, "nothing that was begun differs yet: {err}");
    // The node loses one that waits.
    let lost = begun()["transactions"][2]["hash"].clone();
    let _: Value = world.node.ask("anvil_dropTransaction", json!([lost])).unwrap();
    world.configure(|_| ());
    mining(true);
    let _: Value = world.node.ask("evm_mine", json!([])).unwrap();
    let (code, out, err) = world.run(&[&KEYSTORE[..], &["--resume", "--json"]].concat());
    assert_eq!(code, 0, "{out}{err}");
    let record: Value = serde_json::from_str(&out).unwrap();
    for key in ["pool", "access", "lens", "share_tokens", "modules", "roles"] {
        assert_eq!(record[key], planned[key], "{key}");
    }
    assert!(!left.exists());
    let (code, _, err) = world.run(&[&["--out", "other.json", "--resume"][..], &KEYSTORE].concat());
    assert!(code == 2 && err.contains("other.json.begun"), "{err}");
}

/// What was begun with another file is not gone on with.
#[test]
#[ignore = "needs anvil: cargo xtask contracts"]
fn a_deployment_goes_on_with_the_same_file_only() {
    let world = World::new(&[]);
    let _: Value = world.node.ask("evm_setAutomine", json!([false])).unwrap();
    let (code, _, _) = world.run(&[&KEYSTORE[..], &["--timeout", "1"]].concat());
    assert_eq!(code, 1);
    let left = world.folder.path().join("deployment.json.begun");
    let text = std::fs::read_to_string(&left).unwrap();
    let mut begun: Value = serde_json::from_str(&text).unwrap();
    begun["transactions"][1]["data"] = begun["transactions"][0]["data"].clone();
    std::fs::write(&left, begun.to_string()).unwrap();
    let (code, _, err) = world.run(&[&KEYSTORE[..], &["--resume"]].concat());
    assert!(code == 1 && err.contains("transaction 1 of what was begun") && err.contains("anew"), "{err}");
    std::fs::write(&left, text.replace("31337", "1")).unwrap();
    let (code, _, err) = world.run(&[&KEYSTORE[..], &["--resume"]].concat());
    assert!(code == 2 && err.contains("chain is 1, expected 31337"), "{err}");
}
