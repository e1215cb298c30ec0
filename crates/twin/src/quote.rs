//! Quotes signed as the contract expects them (EIP-712).

use std::cell::RefCell;
use std::collections::BTreeMap;

use k256::ecdsa::SigningKey;
use seawall_engine::{Quote, Source};

use crate::abi::{address, number};
use crate::deploy::{Deployment, account, source_of};
use crate::evm::{Address, CHAIN_ID, Word, keccak256};

const TYPE: &str = "Quote(uint32 market,address buyer,address adapter,bytes32 code,uint128 rateInitial,\
uint32 rateStep,address destination,bool holdsPoolAsset,uint128 limit,uint128 eventLimit,uint128 deductible,\
uint128 deductibleBond,uint32 coinsurance,uint32 termEpochs,uint128 premium,uint32 bonusShare,uint32[4] split,\
uint128 charge,uint128 callableBond,uint128 counter,uint64 latestEndMax,uint128 requiredMax,uint64 deadline,\
uint64 nonce,bytes32 inputs)";

const DOMAIN: &str = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

/// Words before the array of four in a quote.
const BEFORE_SPLIT: usize = 16;

thread_local! {
    /// Keys and their addresses, each worked out once: every command asks for some.
    static KEYS: RefCell<BTreeMap<u32, (SigningKey, Address)>> = const { RefCell::new(BTreeMap::new()) };
}

fn with_key<T>(number: u32, ask: impl FnOnce(&SigningKey, Address) -> T) -> T {
    KEYS.with_borrow_mut(|keys| {
        let (key, address) = keys.entry(number).or_insert_with(|| {
            let mut secret = [0x5e; 32];
            secret[28..].copy_from_slice(&number.to_be_bytes());
            let key = SigningKey::from_bytes(&secret.into()).expect("a small number is a key");
            let point = key.verifying_key().to_encoded_point(false);
            let hash = keccak256(&point.as_bytes()[1..]);
            (key, hash[12..].try_into().expect("twenty bytes"))
        });
        ask(key, *address)
    })
}

/// Address of a key.
///
/// # Panics
/// Never: every number is a key.
#[must_use]
pub fn address_of(number: u32) -> Address {
    with_key(number, |_, address| address)
}

/// A quote in words, as the contract takes it.
#[must_use]
pub fn words(deployment: &Deployment, quote: &Quote) -> Vec<Word> {
    let bound = match quote.source {
        Source::Adapter { conversion: Some(bound), .. } => (bound.initial, u128::from(bound.step.get())),
        _ => (0, 0),
    };
    let mut words = vec![
        number(quote.market.0.into()),
        address(account(quote.buyer)),
        address(source_of(deployment, quote.market, &quote.source)),
        deployment.source_code,
        number(bound.0),
        number(bound.1),
        address(account(quote.destination)),
        number(quote.holds_pool_asset.into()),
        number(quote.limit.get()),
        number(quote.event_limit.get()),
        number(quote.deductible.get()),
        number(quote.deductible_bond.get()),
        number(quote.coinsurance.get().into()),
        number(quote.term_epochs.into()),
        number(quote.premium.get()),
        number(quote.bonus_share.get().into()),
    ];
    words.extend(quote.split.iter().map(|part| number(part.get().into())));
    words.extend([
        number(quote.charge.get()),
        number(quote.callable_bond.get()),
        number(quote.counter),
        number(quote.latest_end_max.into()),
        number(quote.required_max.get()),
        number(quote.deadline.into()),
        number(quote.nonce.into()),
        quote.inputs,
    ]);
    words
}

/// Digest of a quote for the pool at `pool`.
#[must_use]
pub fn digest(pool: Address, words: &[Word]) -> Word {
    let split: Vec<u8> = words[BEFORE_SPLIT..BEFORE_SPLIT + 4].iter().flatten().copied().collect();
    let mut fields = keccak256(TYPE.as_bytes()).to_vec();
    fields.extend(words[..BEFORE_SPLIT].iter().flatten());
    fields.extend(keccak256(&split));
    fields.extend(words[BEFORE_SPLIT + 4..].iter().flatten());
    let domain: Vec<u8> = [
        keccak256(DOMAIN.as_bytes()),
        keccak256(b"Seawall"),
        keccak256(b"1"),
        number(CHAIN_ID.into()),
        address(pool),
    ]
    .concat();
    let mut message = vec![0x19, 0x01];
    message.extend(keccak256(&domain));
    message.extend(keccak256(&fields));
    keccak256(&message)
}

/// Signature of a digest by the key of an account: r, s, v.
///
/// # Panics
/// Never: a digest can be signed.
#[must_use]
pub fn sign(signer: u32, digest: &Word) -> Vec<u8> {
    let (signature, recovery) =
        with_key(signer, |key, _| key.sign_prehash_recoverable(digest)).expect("a digest is 32 bytes");
    let mut bytes = signature.to_bytes().to_vec();
    bytes.push(27 + recovery.to_byte());
    bytes
}
