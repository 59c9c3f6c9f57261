//! Any bytes as a token: alone, which is never one; and as the claims of one that is signed, which say
//! what a JSON parser finds in them, and with which a client then connects and subscribes.

use crate::realtime::{self, Node};
use crate::shape;
use arbitrary::{Result, Unstructured};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use longwire_realtime::token::Verifier;
use longwire_realtime::{
    Command, Connect, Dialect, Json, Limits, Subscribe, TokenError, Tokens,
};
use serde_json::Value;
use std::time::Duration;

const SECRET: &[u8] = b"a secret of thirty-two bytes ...";
/// Who we are, and who issues tokens, where that is asked for.
const AUDIENCE: &str = "us";
const ISSUER: &str = "them";

/// Runs one input: what is asked for, the header of the token, the time, then its claims.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let asks: u8 = u.arbitrary()?;
    let unix_now = Duration::from_secs(u.arbitrary::<u32>()?.into());
    let header = match shape::short(&mut u)? {
        b"" => br#"{"alg":"HS256"}"#,
        header => header,
    };
    let claims = u.take_rest();
    let mut verifier = Verifier::new().with_hmac_secret(SECRET).expect("a secret");
    if asks & 1 != 0 {
        verifier = verifier.with_audience(AUDIENCE);
    }
    if asks & 2 != 0 {
        verifier = verifier.with_issuer(ISSUER);
    }
    let token = sign(header, claims);
    check_forged(&verifier, &token, claims, unix_now);
    check_claims(&verifier, &token, claims, unix_now);
    connect(&verifier, &token, unix_now, asks & 4 != 0);
    Ok(())
}

fn sign(header: &[u8], claims: &[u8]) -> String {
    let (header, claims) = (URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let message = format!("{header}.{claims}");
    let key = EncodingKey::from_secret(SECRET);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
    format!("{message}.{}", signature.expect("a signature"))
}

/// Nobody who does not know the secret gets in.
fn check_forged(verifier: &Verifier, token: &str, claims: &[u8], unix_now: Duration) {
    let invalid = Err(TokenError::Invalid);
    let alone = shape::text(claims);
    assert_eq!(verifier.connection(&alone, unix_now).map(|_| ()), invalid, "{alone:?}");
    let unsigned = token.rsplit_once('.').map_or("", |(message, _)| message);
    for forged in [format!("{unsigned}."), unsigned.to_owned(), format!("x{token}")] {
        assert_eq!(verifier.connection(&forged, unix_now).map(|_| ()), invalid);
        assert_eq!(verifier.subscription(&forged, unix_now).map(|_| ()), invalid);
    }
}

/// What is accepted says what stands there.
fn check_claims(verifier: &Verifier, token: &str, claims: &[u8], unix_now: Duration) {
    let connection = verifier.connection(token, unix_now);
    let subscription = verifier.subscription(token, unix_now);
    let Ok(value) = serde_json::from_slice::<Value>(claims) else {
        // Numbers and strings that are no values of ours may stand in what is passed on as it is.
        return;
    };
    if let Ok(connection) = connection {
        assert_eq!(*connection.user, *value["sub"].as_str().unwrap_or_default());
        connection.info.iter().for_each(check_json);
        for channel in &connection.channels {
            let is_listed = value["channels"].as_array().is_some_and(|channels| {
                channels.iter().any(|it| it.as_str() == Some(&channel.channel))
            });
            assert!(is_listed || value["subs"].get(&channel.channel).is_some(), "{value}");
            channel.info.iter().for_each(check_json);
        }
        check_times(&value, unix_now);
    }
    if let Ok(subscription) = subscription {
        assert_eq!(value["channel"].as_str(), Some(&*subscription.channel));
        assert!(!subscription.channel.is_empty(), "a token for every channel");
        assert_eq!(*subscription.user, *value["sub"].as_str().unwrap_or_default());
        subscription.info.iter().for_each(check_json);
        check_times(&value, unix_now);
    }
}

/// RFC 7519 §4.1.4: it has not expired.
fn check_times(value: &Value, unix_now: Duration) {
    if let Some(exp) = value["exp"].as_u64() {
        assert!(exp > unix_now.as_secs(), "it has expired");
    }
    assert!(value["exp"].is_null() || value["exp"].is_number(), "{value}");
}

fn check_json(json: &Json) {
    assert!(!json.as_str().contains(['\n', '\r']), "{json:?}");
    let value: std::result::Result<&serde_json::value::RawValue, _> =
        serde_json::from_str(json.as_str());
    assert!(value.is_ok(), "{json:?}");
}

/// A hub takes the token for what it is, whatever its times are, and lets its session go again.
fn connect(verifier: &Verifier, token: &str, unix_now: Duration, at_the_beginning: bool) {
    let mut config = realtime::config(Limits::default());
    if !at_the_beginning {
        config.times.unix_time_at_zero = unix_now;
    }
    let mut now = unix_now.saturating_sub(config.times.unix_time_at_zero);
    let node = Node::new(config);
    let mut hub = node.hub(Box::new(verifier.clone()), now);
    let key = hub.open(Dialect::CentrifugeWebSocket, now).expect("there is room");
    let token = token.to_owned();
    let connect = Connect { token: Some(token.clone()), ..Connect::default() };
    hub.command(key, 1, Command::Connect(connect), now);
    let (channel, of_channel) = ("a".to_owned(), Some(token.clone()));
    let subscribe = Subscribe { channel, token: of_channel, ..Subscribe::default() };
    hub.command(key, 2, Command::Subscribe(subscribe), now);
    hub.command(key, 3, Command::Refresh { token: token.clone() }, now);
    hub.command(key, 4, Command::SubRefresh { channel: "a".into(), token }, now);
    while hub.poll_output().is_some() {}
    for _ in 0..4 {
        now = hub.poll_timeout().unwrap_or(now).max(now);
        hub.handle_timeout(now);
        while hub.poll_output().is_some() {}
    }
    hub.close(key, now);
    assert_eq!(hub.session_count(), 0);
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let claims = [
        r#"{"sub":"7","exp":1700000300,"info":{"name":"x"},"channels":["a","chat:1"]}"#,
        r#"{"sub":"7","exp":1700000300,"channel":"a","info":[1],"aud":"us","iss":"them"}"#,
        r#"{"sub":"","aud":["us","x"],"iss":"them","nbf":1700000010,"subs":{"a":{"b64info":"e30="},"b":{}}}"#,
        r#"{"sub":"7","exp":18446744073709551615,"channel":"a"}"#,
        r#"{"sub":"7","expire_at":1e300,"channel":"a"}"#,
        r#"{"exp":-1.5}"#,
        r#"{"sub":"7","sub":"8"}"#,
        r#"{"exp":1699999999}"#,
        "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
    ];
    let fronts: [&[u8]; 3] = [
        b"\x00\x00\xf1\x53\x65\x00",
        b"\x07\x00\xf1\x53\x65\x00",
        b"\x04\x00\x00\x00\x00\x1b{\"alg\":\"HS256\",\"crit\":[\"\"]}",
    ];
    shape::product(&fronts, &claims.map(|it| it.as_bytes().to_vec()))
}
