//! `seawall deploy` before it reaches a node: what it needs, and how it says that something is wrong.

use std::process::Command;

use tempfile::TempDir;

/// Runs the binary in an empty folder and environment; exit code, standard output, standard error.
fn run(folder: &TempDir, args: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seawall"));
    command.arg("deploy").args(args).current_dir(folder.path());
    for name in ["SEAWALL_RPC_URL", "SEAWALL_DEPLOYER_KEY", "SEAWALL_KEYSTORE_PASSWORD"] {
        command.env_remove(name);
    }
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A folder with the example's configuration in it.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let (code, text, _) = run(&folder, &["--print-config"], &[]);
    assert_eq!(code, 0);
    std::fs::write(folder.path().join("pool.json"), text).unwrap();
    folder
}

fn refused(folder: &TempDir, args: &[&str], environment: &[(&str, &str)], code: i32, words: &[&str]) {
    let (found, out, err) = run(folder, args, environment);
    assert_eq!(found, code, "{err}");
    assert!(out.is_empty(), "{out}");
    for word in words {
        assert!(err.contains(word), "{word}: {err}");
    }
}

const KEY: (&str, &str) =
    ("SEAWALL_DEPLOYER_KEY", "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
const FROM: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1/secret";

#[test]
fn what_is_missing_is_asked_for() {
    let f = folder();
    let base = ["--config", "pool.json"];
    refused(&f, &[], &[], 2, &["--config"]);
    refused(&f, &base, &[KEY], 2, &["--rpc-url", "SEAWALL_RPC_URL"]);
    refused(&f, &["--config", "pool.json", "--rpc-url", "ws://x"], &[KEY], 2, &["--rpc-url", "http"]);
    refused(&f, &["--config", "pool.json", "--rpc-url", NOWHERE], &[], 2, &["no key", "--keystore"]);
    refused(&f, &["--config", "none.json", "--rpc-url", NOWHERE], &[KEY], 2, &["--config", "none.json"]);
    let from = ["--config", "pool.json", "--rpc-url", NOWHERE, "--from", FROM];
    refused(&f, &from, &[], 2, &["--dry-run"]);
}

#[test]
fn a_key_that_is_none_is_not_repeated() {
    let f = folder();
    let args = ["--config", "pool.json", "--rpc-url", NOWHERE];
    let (code, _, err) = run(&f, &args, &[("SEAWALL_DEPLOYER_KEY", "0x1234secret")]);
    assert_eq!(code, 2);
    assert!(err.contains("SEAWALL_DEPLOYER_KEY") && !err.contains("1234secret"), "{err}");
}

#[test]
fn a_keystore_needs_its_own_password() {
    let f = folder();
    std::fs::write(f.path().join("key.json"), include_str!("deploy_support/keystore.json")).unwrap();
    std::fs::write(f.path().join("wrong"), "sea\n").unwrap();
    std::fs::write(f.path().join("right"), "seawall\n").unwrap();
    let args = |password| {
        ["--config", "pool.json", "--rpc-url", NOWHERE, "--keystore", "key.json", "--password-file", password]
    };
    refused(&f, &args("wrong"), &[], 2, &["key.json", "password"]);
    refused(&f, &args("none"), &[], 2, &["--password-file", "none"]);
    refused(&f, &args("right")[..6], &[], 2, &["password is missing"]);
    // It opens: the next thing is the node.
    refused(&f, &args("right"), &[], 1, &["127.0.0.1:1"]);
}

#[test]
fn a_node_that_does_not_answer_is_named_without_what_may_be_secret() {
    let f = folder();
    let args = ["--config", "pool.json", "--rpc-url", NOWHERE, "--from", FROM, "--dry-run"];
    let (code, _, err) = run(&f, &args, &[]);
    assert_eq!(code, 1);
    assert!(err.contains("http://127.0.0.1:1") && !err.contains("secret"), "{err}");
}

#[test]
fn a_record_is_never_overwritten() {
    let f = folder();
    std::fs::write(f.path().join("deployment.json"), "{}").unwrap();
    let args = ["--config", "pool.json", "--rpc-url", NOWHERE];
    refused(&f, &args, &[KEY], 2, &["deployment.json", "exists already"]);
}

#[test]
fn with_json_a_failure_is_a_document() {
    let f = folder();
    let (code, out, _) = run(&f, &["--config", "none.json", "--rpc-url", NOWHERE, "--json"], &[KEY]);
    assert_eq!(code, 2);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["error"]["kind"], "input");
}
