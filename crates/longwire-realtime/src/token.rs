//! JSON Web Tokens (RFC 7519), with which an application vouches for a connection or a subscription.
//!
//! A [`Verifier`] has the application's keys. It looks at the signature first, then at what the claims
//! say of the token itself (`exp`, `nbf`, `iss`, `aud`), and hands out what they say of the user. Which
//! algorithm a key is for depends on the key, never on the token. The time is a parameter.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::crypto::rust_crypto;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::value::RawValue;

use crate::dialect::fields::json_from_text;
use crate::{ClaimedChannel, ConnectionClaims, Json, SubscriptionClaims, TokenError, Tokens};

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 << 10;

/// How far the clock of who issued a token may be ahead: it is good for this long before `nbf`.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_secs(25);

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// An empty secret: everybody knows it.
    EmptySecret,
    /// Not a public key of the kind in PEM (RFC 7468).
    NotPem(&'static str),
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptySecret => f.write_str("the secret for tokens must not be empty"),
            Self::NotPem(kind) => write!(f, "the key must be {kind} public key in PEM"),
        }
    }
}

impl std::error::Error for KeyError {}

/// Verifies tokens with the keys that it was given; without any, no token is valid.
#[derive(Clone, Default)]
pub struct Verifier {
    hmac: Option<DecodingKey>,
    rsa: Option<DecodingKey>,
    ecdsa: Option<DecodingKey>,
    ed25519: Option<DecodingKey>,
    audience: Option<String>,
    issuer: Option<String>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("hmac", &self.hmac.is_some())
            .field("rsa", &self.rsa.is_some())
            .field("ecdsa", &self.ecdsa.is_some())
            .field("ed25519", &self.ed25519.is_some())
            .field("audience", &self.audience)
            .field("issuer", &self.issuer)
            .finish()
    }
}

impl Verifier {
    /// No keys yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tokens signed with this secret: HS256, HS384, HS512. It should have as many random bytes as the
    /// hash has (RFC 7518 §3.2): 32 for HS256.
    ///
    /// # Errors
    /// It is empty.
    pub fn with_hmac_secret(mut self, secret: &[u8]) -> Result<Self, KeyError> {
        if secret.is_empty() {
            return Err(KeyError::EmptySecret);
        }
        self.hmac = Some(DecodingKey::from_secret(secret));
        Ok(self)
    }

    /// Tokens signed with the private key to this one: RS256, RS384, RS512.
    ///
    /// # Errors
    /// It is no RSA public key.
    pub fn with_rsa_public_key(mut self, pem: &[u8]) -> Result<Self, KeyError> {
        let key = DecodingKey::from_rsa_pem(pem).map_err(|_| KeyError::NotPem("an RSA"))?;
        self.rsa = Some(key);
        Ok(self)
    }

    /// Tokens signed with the private key to this one: ES256 on the curve P-256, ES384 on P-384.
    ///
    /// # Errors
    /// It is no public key on an elliptic curve.
    pub fn with_ecdsa_public_key(mut self, pem: &[u8]) -> Result<Self, KeyError> {
        let key = DecodingKey::from_ec_pem(pem).map_err(|_| KeyError::NotPem("an ECDSA"))?;
        self.ecdsa = Some(key);
        Ok(self)
    }

    /// Tokens signed with the private key to this one: EdDSA.
    ///
    /// # Errors
    /// It is no Ed25519 public key.
    pub fn with_ed25519_public_key(mut self, pem: &[u8]) -> Result<Self, KeyError> {
        let key = DecodingKey::from_ed_pem(pem).map_err(|_| KeyError::NotPem("an Ed25519"))?;
        self.ed25519 = Some(key);
        Ok(self)
    }

    /// Who we are: `aud` has to name it.
    pub fn with_audience(mut self, audience: &str) -> Self {
        self.audience = Some(audience.to_owned());
        self
    }

    /// Who issues tokens: `iss` has to be that.
    pub fn with_issuer(mut self, issuer: &str) -> Self {
        self.issuer = Some(issuer.to_owned());
        self
    }

    /// The key for what the header of a token names, if we have one.
    fn key(&self, algorithm: Algorithm) -> Option<&DecodingKey> {
        match algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => self.hmac.as_ref(),
            Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 => self.rsa.as_ref(),
            Algorithm::ES256 | Algorithm::ES384 => self.ecdsa.as_ref(),
            Algorithm::EdDSA => self.ed25519.as_ref(),
            _ => None,
        }
    }

    /// The claims of a token that is good now.
    fn claims(&self, token: &str, unix_now: Duration) -> Result<Claims, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Invalid);
        }
        // The library panics where it cannot tell which of its implementations to use, which is so
        // if another crate of the program asks for a second one. If another one is installed already,
        // that is used.
        let _ = rust_crypto::DEFAULT_PROVIDER.install_default();
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        // RFC 7515 §4.1.11: what has to be understood, and is not, makes the token invalid.
        if header.crit.is_some() {
            return Err(TokenError::Invalid);
        }
        let key = self.key(header.alg).ok_or(TokenError::Invalid)?;
        let mut validation = Validation::new(header.alg);
        // These look at a clock of their own; ours are below.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation)
            .map_err(|_| TokenError::Invalid)?
            .claims;
        self.check(&claims, unix_now)?;
        Ok(claims)
    }

    /// What a token says of itself.
    fn check(&self, claims: &Claims, unix_now: Duration) -> Result<(), TokenError> {
        // RFC 7519 §4.1.3: a token that names audiences is for nobody else.
        let audience = match (&claims.aud, &self.audience) {
            (Some(audiences), Some(ours)) => audiences.contains(ours),
            (aud, ours) => aud.is_none() && ours.is_none(),
        };
        let issuer = self.issuer.is_none() || claims.iss == self.issuer;
        // RFC 7519 §4.1.5: not before `nbf`, with some leeway for the clocks.
        let begun = claims.nbf.is_none_or(|nbf| nbf.0 <= unix_now.saturating_add(MAX_CLOCK_SKEW));
        if !(audience && issuer && begun) {
            return Err(TokenError::Invalid);
        }
        // RFC 7519 §4.1.4: `exp` is the first moment at which the token is not good any more.
        match claims.exp {
            Some(exp) if exp.0 <= unix_now => Err(TokenError::Expired),
            _ => Ok(()),
        }
    }
}

impl Tokens for Verifier {
    fn connection(&self, token: &str, unix_now: Duration) -> Result<ConnectionClaims, TokenError> {
        let claims = self.claims(token, unix_now)?;
        // It was made for one channel, not for a connection.
        if claims.channel.as_ref().is_some_and(|it| !it.is_empty()) {
            return Err(TokenError::Invalid);
        }
        let mut channels = Vec::new();
        for channel in &claims.channels {
            channels.push(ClaimedChannel { channel: channel.clone(), info: None });
        }
        for (channel, options) in &claims.subs {
            let info = info(options.info.as_deref(), options.b64info.as_deref())?;
            channels.retain(|listed: &ClaimedChannel| listed.channel != *channel);
            channels.push(ClaimedChannel { channel: channel.clone(), info });
        }
        Ok(ConnectionClaims {
            expires_at: claims.expires_at(),
            info: info(claims.info.as_deref(), claims.b64info.as_deref())?,
            user: claims.sub.into(),
            channels,
        })
    }

    fn subscription(
        &self,
        token: &str,
        unix_now: Duration,
    ) -> Result<SubscriptionClaims, TokenError> {
        let claims = self.claims(token, unix_now)?;
        Ok(SubscriptionClaims {
            expires_at: claims.expires_at(),
            info: info(claims.info.as_deref(), claims.b64info.as_deref())?,
            user: claims.sub.as_str().into(),
            // Without it the token would be for any channel: a connection token is no such thing.
            channel: claims.channel.filter(|it| !it.is_empty()).ok_or(TokenError::Invalid)?,
        })
    }
}

/// `info`, or what `b64info` has in base64 (RFC 4648 §4).
fn info(info: Option<&RawValue>, b64info: Option<&str>) -> Result<Option<Json>, TokenError> {
    let decoded = match b64info.filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => {
            let bytes = STANDARD.decode(text).map_err(|_| TokenError::Invalid)?;
            Some(String::from_utf8(bytes).map_err(|_| TokenError::Invalid)?)
        }
    };
    let Some(text) = decoded.as_deref().or(info.map(RawValue::get)) else {
        return Ok(None);
    };
    json_from_text(text).map(Some).ok_or(TokenError::Invalid)
}

/// What stands in tokens of both kinds. A claim that stands twice makes the token invalid, and so does
/// one of another type.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: String,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
    iss: Option<String>,
    aud: Option<Audience>,
    /// When the connection or subscription expires, where that is not when the token does; 0 for
    /// never.
    expire_at: Option<NumericDate>,
    info: Option<Box<RawValue>>,
    b64info: Option<String>,
    #[serde(default)]
    channels: Vec<String>,
    #[serde(default)]
    subs: BTreeMap<String, SubscribeOptions>,
    channel: Option<String>,
}

/// How a connection token subscribes its bearer to one channel. Options that would change the policy of
/// the namespace have no effect.
#[derive(Deserialize)]
struct SubscribeOptions {
    info: Option<Box<RawValue>>,
    b64info: Option<String>,
}

impl Claims {
    fn expires_at(&self) -> Option<Duration> {
        match self.expire_at {
            Some(never) if never.0.is_zero() => None,
            Some(at) => Some(at.0),
            None => self.exp.map(|exp| exp.0),
        }
    }
}

/// One audience or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn contains(&self, ours: &str) -> bool {
        match self {
            Self::One(audience) => audience == ours,
            Self::Several(audiences) => audiences.iter().any(|audience| audience == ours),
        }
    }
}

/// Seconds since 1970 (RFC 7519 §2), which may have a fraction. What was before counts as 1970.
#[derive(Clone, Copy)]
struct NumericDate(Duration);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumericDateVisitor)
    }
}

struct NumericDateVisitor;

impl Visitor<'_> for NumericDateVisitor {
    type Value = NumericDate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970")
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<NumericDate, E> {
        Ok(NumericDate(Duration::from_secs(seconds)))
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<NumericDate, E> {
        Ok(NumericDate(Duration::from_secs(u64::try_from(seconds).unwrap_or(0))))
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<NumericDate, E> {
        let clamped = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX);
        Ok(NumericDate(clamped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{EncodingKey, Header};

    /// RFC 7515, appendix A.1: the token, and its key.
    const HS256_TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
     eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
     dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const HS256_SECRET: &str =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ+EstJQLr/T+1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==";
    /// RFC 7515, appendix A.3.
    const ES256_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.\
     eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
     DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    // The others say {"sub":"42","exp":1700000000}; Node.js signed them.

    const RSA_PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
     MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxSu7B2/nlO5meY3ZbSmj\n\
     xz2QoZZbeaqfDD8TZt0fRdgmUbHU8dO0V233mfWwsneWyFQFL8YgCv75PDlD/4s/\n\
     Hj0rITi12NypcSthW2dOactRCUU/hjcZx09RjE4cbZl/wuZ9zQQ7Z36qvdy87J41\n\
     y/me98ELPlp8HGARkoc39hyc7yLLPvcyu11z6j3tajFR1xlkU4eoIeyVteTmM7D4\n\
     GZMHrxM0P7ET1o/n3dIfWjFSrF4GMcqbndQ2ko0WbLlUjMtSL/WLkL3QpmMaX1X+\n\
     TgkmUEbwz+a/Tj6cGjad64O2Y/vgWmkh5EwavbJz8pxYm0TmVT0K7R6VYwsLSM9o\n\
     OwIDAQAB\n\
     -----END PUBLIC KEY-----";
    const RS256_TOKEN: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MiIsImV4cCI6MTcwMDAwMDAwMH0.UI5X6F71uyJ\
     4jYtc47A4OJx_qeXOCE3K2FdCTyXGHuvvwslzzRGUH-\
     3LbIndgvaqtrTDpP9Qqj0D_sSz4gCNFbR50QCbJXgjMEn0DA8dwdv7KBIdd5k9vlYnKGvuJi2tL2Db0av0Qbslav\
     -X6lXvmhsNcVdvXeBVjgK79A9D8lcxehW40y_c_qqEw-qrnLW98ePUoFXxFjQQ6I1RiNvDqRRAM7Nfp85Nyn62xb\
     wLR6ZdJYUtdn_wtzR7h16C0nID_QasJHd9gER7ZjCBK9D7KkLJd87acjBx8sBkbZPnjr1GSJFCxKchd_8xw1z3lI\
     Xa6S7PcQ0USQv8u48sB2V2Kw";
    const RS512_TOKEN: &str = "eyJhbGciOiJSUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MiIsImV4cCI6MTcwMDAwMDAwMH0.gLVcAUHHtwk\
     KAEkL9tOYyo1GwyFmgn9gXFMZER3vdrnHb5HrrFS5s6lsoO8lfmHMun-xowv0wnCqa2VwzYz1Nvah-\
     jbJAaAPxKIctMKMRO1v5P0v6C9KSMKhkIIwxqvG7PIVFkKQTa5bIJICl-yw8goY32sMscI8Ia-\
     P2aVzZ12UsnAkU8IiA6mtbgISm7HtAVFVZnYr7MFnMspEdm_qmDnQFCVtpKRr4kN_ihf6DNIKYWdcRrIf2zuYK_3\
     sURikjzqAbmCDzePO5qyhkUyrkAYW3MsBan5gJkxJ1KBXHBWrU5aicdm5Uo8_Ddwf_kocEv6TolgFIBEZ7Vyo9tX\
     09A";
    const P384_PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
     MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAESMp0hVHEsQ5Bt0+F8WzxilJIG8B+WKOm\n\
     X+9wQ7KVNGt0Zoef3JGWRlCk0kSY3B5t/xjKIOMXOzNQep+JLDfByTQsajLXMPbz\n\
     5xYhGzsAJTfNgrRoAfNwEkEpTuT46NxK\n\
     -----END PUBLIC KEY-----";
    const ES384_TOKEN: &str = "eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MiIsImV4cCI6MTcwMDAwMDAwMH0.0qkGJVHBLOY\
     IoljV_OiTVGiS9rA2v3Dp6bGiy235hey6M1aXCUpt0tKqPmXSSHCr5NZ0MNQZZ_Fp2ficjnDG8HyGLHjr9CqXG2s\
     kYbQBkxYVf-oyZm1dJAG53uIQu5Rs";
    const ED25519_PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
     MCowBQYDK2VwAyEAIkUJGs3Ay0Fladjz+vMLKGw4pWROZ7WgHXyBFd03dYI=\n\
     -----END PUBLIC KEY-----";
    const EDDSA_TOKEN: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MiIsImV4cCI6MTcwMDAwMDAwMH0.UgS_40oVcni\
     YxoB7LOGnMzJqvsBdHnHhMrNW2q_0V9xV0PK6qiV3HSp__eY68jNam5cAiGaryN_7SnR-1DcYAQ";
    /// RFC 7515, appendix A.3.
    const P256_PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
     MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n\
     6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n\
     -----END PUBLIC KEY-----";

    const SECRET: &[u8] = b"a secret of thirty-two bytes ...";
    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn verifier() -> Verifier {
        Verifier::new().with_hmac_secret(SECRET).unwrap()
    }

    /// The payload, signed with [`SECRET`]. Written out, so that a payload can be anything.
    fn sign(payload: &str) -> String {
        sign_under(r#"{"alg":"HS256","typ":"JWT"}"#, payload)
    }

    fn sign_under(header: &str, payload: &str) -> String {
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let message = format!("{}.{}", encode(header), encode(payload));
        let key = EncodingKey::from_secret(SECRET);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
        format!("{message}.{}", signature.unwrap())
    }

    fn connection(payload: &str) -> Result<ConnectionClaims, TokenError> {
        verifier().connection(&sign(payload), NOW)
    }

    #[test]
    fn each_algorithm_with_its_key() {
        let hmac = STANDARD.decode(HS256_SECRET).unwrap();
        let verifier = Verifier::new()
            .with_hmac_secret(&hmac)
            .and_then(|it| it.with_rsa_public_key(RSA_PUBLIC_KEY.as_bytes()))
            .and_then(|it| it.with_ecdsa_public_key(P256_PUBLIC_KEY.as_bytes()))
            .and_then(|it| it.with_ed25519_public_key(ED25519_PUBLIC_KEY.as_bytes()))
            .unwrap();
        let p384 = Verifier::new().with_ecdsa_public_key(P384_PUBLIC_KEY.as_bytes()).unwrap();
        let rows = [
            (&verifier, HS256_TOKEN, "", 1_300_819_380),
            (&verifier, ES256_TOKEN, "", 1_300_819_380),
            (&verifier, RS256_TOKEN, "42", 1_700_000_000),
            (&verifier, RS512_TOKEN, "42", 1_700_000_000),
            (&verifier, EDDSA_TOKEN, "42", 1_700_000_000),
            (&p384, ES384_TOKEN, "42", 1_700_000_000),
        ];
        for (verifier, token, user, exp) in rows {
            let claims = verifier.connection(token, Duration::from_secs(exp - 1)).unwrap();
            assert_eq!(&*claims.user, user);
            assert_eq!(claims.expires_at, Some(Duration::from_secs(exp)));
            let late = verifier.connection(token, Duration::from_secs(exp));
            assert_eq!(late, Err(TokenError::Expired));

            let mut changed = token.to_owned();
            let last = changed.pop();
            changed.push(if last == Some('A') { 'Q' } else { 'A' });
            let at = Duration::from_secs(exp - 1);
            assert_eq!(verifier.connection(&changed, at), Err(TokenError::Invalid));
            assert_eq!(Verifier::new().connection(token, at), Err(TokenError::Invalid));
        }
        for (verifier, token) in [(&verifier, ES384_TOKEN), (&p384, ES256_TOKEN)] {
            assert_eq!(verifier.connection(token, Duration::ZERO), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn a_public_key_is_no_secret() {
        // The attack: to sign with HMAC, and the public key, which everybody has, as its secret.
        let verifier = Verifier::new().with_rsa_public_key(RSA_PUBLIC_KEY.as_bytes()).unwrap();
        let key = EncodingKey::from_secret(RSA_PUBLIC_KEY.as_bytes());
        let claims = serde_json::json!({ "sub": "42" });
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
        assert_eq!(verifier.connection(&token, NOW), Err(TokenError::Invalid));
    }

    #[test]
    fn headers_that_are_refused() {
        let claims = r#"{"sub":"42"}"#;
        assert!(verifier().connection(&sign_under(r#"{"alg":"HS256"}"#, claims), NOW).is_ok());
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS512"}"#,
            r#"{"alg":"RS256"}"#,
            r#"{"alg":"hs256"}"#,
            r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
            r#"{"alg":"HS256","alg":"none"}"#,
            r#"{"typ":"JWT"}"#,
            "[]",
            "",
        ] {
            let refused = verifier().connection(&sign_under(header, claims), NOW);
            assert_eq!(refused, Err(TokenError::Invalid), "{header}");
        }
        let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiI0MiJ9.";
        assert_eq!(verifier().connection(unsigned, NOW), Err(TokenError::Invalid));
    }

    #[test]
    fn what_a_connection_token_says() {
        let claims = connection(
            r#"{"sub":"42","exp":1700000600,"iat":1699999999,"jti":"t1","info":{"name" : "A"},
                "meta":{"m":1},"channels":["a","b"],"future":[1],
                "subs":{"b":{"info":1,"override":{"presence":{"value":true}}},"c":{"b64info":"e30="}}}"#,
        )
        .unwrap();
        let channel = |name: &str, info: Option<&str>| ClaimedChannel {
            channel: name.to_owned(),
            info: info.map(Json::from_valid),
        };
        assert_eq!(
            claims,
            ConnectionClaims {
                user: "42".into(),
                expires_at: Some(Duration::from_secs(1_700_000_600)),
                info: Some(Json::from_valid("{\"name\" : \"A\"}")),
                channels: vec![
                    channel("a", None),
                    channel("b", Some("1")),
                    channel("c", Some("{}"))
                ],
            }
        );
        for nobody in ["{}", r#"{"channel":""}"#] {
            assert_eq!(connection(nobody), Ok(ConnectionClaims::default()), "{nobody}");
        }
        // For one channel, and so for no connection.
        assert_eq!(connection(r#"{"sub":"42","channel":"a"}"#), Err(TokenError::Invalid));
    }

    #[test]
    fn what_a_subscription_token_says() {
        let subscription = |payload: &str| verifier().subscription(&sign(payload), NOW);
        assert_eq!(
            subscription(r#"{"sub":"42","channel":"chat:1","exp":1700000001,"info":[]}"#),
            Ok(SubscriptionClaims {
                user: "42".into(),
                channel: "chat:1".into(),
                expires_at: Some(Duration::from_secs(1_700_000_001)),
                info: Some(Json::from_valid("[]")),
            })
        );
        for payload in [r#"{"sub":"42"}"#, r#"{"channel":""}"#, r#"{"channel":["a"]}"#] {
            assert_eq!(subscription(payload), Err(TokenError::Invalid), "{payload}");
        }
        assert_eq!(subscription(r#"{"channel":"a","exp":1}"#), Err(TokenError::Expired));
    }

    #[test]
    fn when_a_connection_expires() {
        let at = |seconds| Some(Duration::from_secs(seconds));
        let rows = [
            ("{}", Ok(None)),
            (r#"{"exp":1700000001}"#, Ok(at(1_700_000_001))),
            (r#"{"exp":1700000000.5}"#, Ok(Some(NOW + Duration::from_millis(500)))),
            (r#"{"exp":1700000000}"#, Err(TokenError::Expired)),
            (r#"{"exp":0}"#, Err(TokenError::Expired)),
            (r#"{"exp":-5}"#, Err(TokenError::Expired)),
            (r#"{"exp":18446744073709551615}"#, Ok(at(u64::MAX))),
            (r#"{"exp":1e30}"#, Ok(Some(Duration::MAX))),
            (r#"{"exp":1700000001,"expire_at":1800000000}"#, Ok(at(1_800_000_000))),
            (r#"{"exp":1700000001,"expire_at":0}"#, Ok(None)),
            (r#"{"expire_at":1800000000}"#, Ok(at(1_800_000_000))),
            (r#"{"exp":1,"expire_at":1800000000}"#, Err(TokenError::Expired)),
        ];
        for (payload, expires) in rows {
            assert_eq!(connection(payload).map(|claims| claims.expires_at), expires, "{payload}");
        }
    }

    #[test]
    fn claims_about_the_token_itself() {
        let ours = verifier().with_audience("chat").with_issuer("login");
        let rows = [
            (r#"{"aud":"chat","iss":"login"}"#, true, false),
            (r#"{"aud":["mail","chat"],"iss":"login"}"#, true, false),
            (r#"{"aud":["mail"],"iss":"login"}"#, false, false),
            (r#"{"aud":"chat","iss":"other"}"#, false, false),
            (r#"{"aud":"chat"}"#, false, false),
            (r#"{"iss":"login"}"#, false, true),
            (r#"{"iss":"other"}"#, false, true),
            ("{}", false, true),
        ];
        for (payload, by_ours, by_any) in rows {
            assert_eq!(ours.connection(&sign(payload), NOW).is_ok(), by_ours, "{payload}");
            assert_eq!(connection(payload).is_ok(), by_any, "{payload}");
        }
        // 25 s of leeway for a clock that is ahead, and not one more.
        assert!(connection(r#"{"nbf":1700000025}"#).is_ok());
        assert_eq!(connection(r#"{"nbf":1700000026}"#), Err(TokenError::Invalid));
    }

    #[test]
    fn claims_of_another_type_or_twice_make_a_token_invalid() {
        let deep = format!(r#"{{"info":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        for payload in [
            r#"{"sub":42}"#,
            r#"{"sub":"1","sub":"2"}"#,
            r#"{"exp":"1800000000"}"#,
            r#"{"nbf":true}"#,
            r#"{"aud":7}"#,
            r#"{"channels":"a"}"#,
            r#"{"subs":["a"]}"#,
            r#"{"subs":{"a":{"b64info":"x"}}}"#,
            r#"{"b64info":"e30"}"#,
            r#"{"b64info":"e3t9"}"#,
            &deep,
            "[]",
            "",
            "{",
        ] {
            assert_eq!(connection(payload), Err(TokenError::Invalid), "{payload}");
        }
    }

    #[test]
    fn what_is_no_token() {
        let token = sign(r#"{"sub":"42"}"#);
        assert!(verifier().connection(&token, NOW).is_ok());
        for end in 0..token.len() {
            assert_eq!(verifier().connection(&token[..end], NOW), Err(TokenError::Invalid));
        }
        for text in ["", ".", "..", "...", "a.b.c", "\u{2028}.\0.ä", &format!("{token}.{token}")] {
            assert_eq!(verifier().connection(text, NOW), Err(TokenError::Invalid), "{text}");
        }
        let long = sign(&format!(r#"{{"sub":"{}"}}"#, "x".repeat(MAX_TOKEN_BYTES)));
        assert_eq!(verifier().connection(&long, NOW), Err(TokenError::Invalid));
    }

    #[test]
    fn keys_that_are_none() {
        let none = |result: Result<Verifier, KeyError>| result.unwrap_err().to_string();
        let pem = RSA_PUBLIC_KEY.as_bytes();
        assert_eq!(
            none(Verifier::new().with_hmac_secret(b"")),
            "the secret for tokens must not be empty"
        );
        assert_eq!(
            none(Verifier::new().with_rsa_public_key(b"secret")),
            "the key must be an RSA public key in PEM"
        );
        assert_eq!(
            none(Verifier::new().with_ecdsa_public_key(pem)),
            "the key must be an ECDSA public key in PEM"
        );
        assert_eq!(
            none(Verifier::new().with_ed25519_public_key(pem)),
            "the key must be an Ed25519 public key in PEM"
        );
        let debug = format!("{:?}", verifier());
        assert!(!debug.contains("secret of"), "{debug}");
    }
}
