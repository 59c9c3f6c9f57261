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
        if header.extras.inner().contains_key("crit") {
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
