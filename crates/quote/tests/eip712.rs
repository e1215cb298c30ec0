//! The example of EIP-712, and what a signature of a quote binds.

use ruint::aliases::U256;
use seawall_quote::hex::{decode, encode};
use seawall_quote::{Address, Domain, Quote, Struct, Value, Word, keccak256, signing_digest};

fn word(text: &str) -> Word {
    decode(text).unwrap()
}

fn person(name: &str, wallet: &str) -> Value {
    Value::Struct(Struct {
        name: "Person",
        members: vec![
            ("name", Value::Text(name.to_owned())),
            ("wallet", Value::Address(wallet.parse().unwrap())),
        ],
    })
}

/// "Ether Mail" of EIP-712 (assets/eip-712/Example.js and Example.sol).
#[test]
fn the_example_of_the_standard() {
    let mail = Struct {
        name: "Mail",
        members: vec![
            ("from", person("Cow", "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826")),
            ("to", person("Bob", "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB")),
            ("contents", Value::Text("Hello, Bob!".to_owned())),
        ],
    };
    let domain = Struct {
        name: "EIP712Domain",
        members: vec![
            ("name", Value::Text("Ether Mail".to_owned())),
            ("version", Value::Text("1".to_owned())),
            ("chainId", Value::uint256(U256::from(1))),
            (
                "verifyingContract",
                Value::Address("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC".parse().unwrap()),
            ),
        ],
    };
    assert_eq!(
        mail.encode_type(),
        "Mail(Person from,Person to,string contents)Person(string name,address wallet)"
    );
    assert_eq!(mail.type_hash(), word("a0cedeb2dc280ba39b857546d74f5549c3a1d7bdc2dd96bf881f76108e23dac2"));
    assert_eq!(domain.hash(), word("f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"));
    assert_eq!(mail.hash(), word("c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e"));
    assert_eq!(
        signing_digest(&domain.hash(), &mail.hash()),
        word("be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2")
    );
}

/// The signed form is a promise to contracts: changing it makes every signature worthless.
#[test]
fn the_type_of_a_quote_is_pinned() {
    let text = "Quote(uint32 market,address buyer,bytes32 source,uint128 rateInitial,uint32 rateStep,\
                address destination,bool holdsPoolAsset,uint128 limit,uint128 eventLimit,uint128 deductible,\
                uint128 deductibleBond,uint32 coinsurance,uint32 termEpochs,uint128 premium,uint32 bonusShare,\
                uint32[4] split,uint128 charge,uint128 callableBond,uint128 counter,uint64 latestEndMax,\
                uint128 requiredMax,uint64 deadline,uint64 nonce,bytes32 inputs)";
    assert_eq!(Quote::default().as_struct().encode_type(), text);
    assert_eq!(
        Domain::default().as_struct().encode_type(),
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
}

/// `hashStruct` by hand: every member in a word of its own, left-padded, the array as the hash of its words.
#[test]
fn the_hash_is_that_of_the_words() {
    let quote = Quote {
        market: 7,
        buyer: Address([0xb0; 20]),
        limit: u128::MAX,
        split: [600_000, 300_000, 0, 0],
        deadline: 1_700_000_000,
        inputs: [0x11; 32],
        ..Quote::default()
    };
    let number = |value: u128| -> Vec<u8> { [&[0; 16][..], &value.to_be_bytes()].concat() };
    let address = |byte: u8| -> Vec<u8> { [&[0; 12][..], &[byte; 20]].concat() };
    let split: Vec<u8> = [600_000, 300_000, 0, 0].into_iter().flat_map(number).collect();
    let mut bytes = keccak256(quote.as_struct().encode_type()).to_vec();
    bytes.extend(number(7));
    bytes.extend(address(0xb0));
    (0..3).for_each(|_| bytes.extend(number(0)));
    bytes.extend(address(0));
    bytes.extend(number(0));
    bytes.extend(number(u128::MAX));
    (0..7).for_each(|_| bytes.extend(number(0)));
    bytes.extend(keccak256(split));
    (0..5).for_each(|_| bytes.extend(number(0)));
    bytes.extend(number(1_700_000_000));
    bytes.extend(number(0));
    bytes.extend([0x11; 32]);
    assert_eq!(bytes.len(), 25 * 32);
    assert_eq!(quote.struct_hash(), keccak256(bytes));
}

/// Each member moves the digest, and so do chain and pool.
#[test]
fn everything_in_a_quote_is_bound() {
    let base = Quote::default();
    let mut digests = vec![base.digest(&Domain::default())];
    let mut change = |edit: fn(&mut Quote)| {
        let mut quote = base.clone();
        edit(&mut quote);
        digests.push(quote.digest(&Domain::default()));
    };
    change(|quote| quote.market = 1);
    change(|quote| quote.buyer = Address([1; 20]));
    change(|quote| quote.source = [1; 32]);
    change(|quote| quote.rate_initial = 1);
    change(|quote| quote.rate_step = 1);
    change(|quote| quote.destination = Address([1; 20]));
    change(|quote| quote.holds_pool_asset = true);
    change(|quote| quote.limit = 1);
    change(|quote| quote.event_limit = 1);
    change(|quote| quote.deductible = 1);
    change(|quote| quote.deductible_bond = 1);
    change(|quote| quote.coinsurance = 1);
    change(|quote| quote.term_epochs = 1);
    change(|quote| quote.premium = 1);
    change(|quote| quote.bonus_share = 1);
    change(|quote| quote.split[0] = 1);
    change(|quote| quote.split[3] = 1);
    change(|quote| quote.charge = 1);
    change(|quote| quote.callable_bond = 1);
    change(|quote| quote.counter = 1);
    change(|quote| quote.latest_end_max = 1);
    change(|quote| quote.required_max = 1);
    change(|quote| quote.deadline = 1);
    change(|quote| quote.nonce = 1);
    change(|quote| quote.inputs = [1; 32]);
    digests.push(base.digest(&Domain { chain_id: 1, ..Domain::default() }));
    digests.push(base.digest(&Domain { verifying_contract: Address([1; 20]), ..Domain::default() }));
    let mut texts: Vec<String> = digests.iter().map(|digest| encode(digest)).collect();
    texts.sort();
    texts.dedup();
    assert_eq!((texts.len(), digests.len()), (28, 28));
}

#[cfg(feature = "serde")]
#[test]
fn wallets_read_what_is_hashed() {
    use seawall_quote::TypedData;

    let quote = Quote { premium: u128::MAX, buyer: Address([0xab; 20]), ..Quote::default() };
    let domain = Domain { chain_id: 10, verifying_contract: Address([0xcd; 20]) };
    let text = serde_json::to_string(&TypedData::of(&domain, &quote)).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["message"]["premium"], "340282366920938463463374607431768211455");
    assert_eq!(value["message"]["split"], serde_json::json!(["0", "0", "0", "0"]));
    assert_eq!(value["domain"]["chainId"], 10);
    assert_eq!(value["primaryType"], "Quote");
    // The types and the members of the message are the same list, in the order that is hashed.
    let members: Vec<String> = value["types"]["Quote"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| format!("{} {}", member["type"].as_str().unwrap(), member["name"].as_str().unwrap()))
        .collect();
    assert_eq!(format!("Quote({})", members.join(",")), quote.as_struct().encode_type());
    assert_eq!(value["message"].as_object().unwrap().len(), members.len());
    assert!(members.iter().all(|member| {
        let name = member.split(' ').next_back().unwrap();
        value["message"].get(name).is_some()
    }));
    let back: TypedData = serde_json::from_str(&text).unwrap();
    assert_eq!(back.message.digest(&domain), quote.digest(&domain));
    assert!(serde_json::from_str::<TypedData>(&text.replace("\"nonce\":", "\"once\":")).is_err());
}
