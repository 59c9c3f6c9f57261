//! The fields of a JSON object, each read as what it has to be, with an error that names the field.
//!
//! An object is split into its names and the texts of their values; these are looked at when they are
//! asked for. Unknown names are nobody's business. A name that stands twice is refused, because two
//! readers of the same bytes could take it for different things.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Epoch, Error, Json, Recover};

/// How deep arrays and objects may stand in each other. Payloads are passed on as they are, and the
/// parsers of those who get them have their limits: serde_json's is this.
const MAX_DEPTH: usize = 128;

/// Characters of a name from outside that are repeated in an error.
const MAX_QUOTED_CHARS: usize = 24;

/// The fields of one object, in their order.
pub(crate) struct Fields<'a> {
    /// What errors call the object.
    name: &'a str,
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Fields<'a> {
    /// Splits bytes that come from outside.
    ///
    /// # Errors
    /// They are not UTF-8, not one JSON object, nested too deep, or have a name twice.
    pub(crate) fn parse(name: &'a str, bytes: &'a [u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(bytes).map_err(|_| bad(format!("{name} is not UTF-8")))?;
        if is_too_deep(text) {
            return Err(bad(format!("{name} is nested deeper than {MAX_DEPTH}")));
        }
        Self::split(name, text)
    }

    /// Splits text that is not nested too deep.
    fn split(name: &'a str, text: &'a str) -> Result<Self, Error> {
        let Pairs(fields) = serde_json::from_str(text).map_err(|error| {
            bad(format!("{name} is not a JSON object, at character {}", error.column()))
        })?;
        let mut names: Vec<&str> = fields.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        let twice =
            names.windows(2).find(|pair| matches!(pair, [first, second] if first == second));
        if let Some([twice, ..]) = twice {
            let twice: String = twice.chars().take(MAX_QUOTED_CHARS).collect();
            return Err(bad(format!("{name} has the field {twice:?} twice")));
        }
        Ok(Self { name, fields })
    }

    /// Whether there are none at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The text of a field, `null` too.
    fn raw(&self, field: &str) -> Option<&'a str> {
        self.fields.iter().find(|(name, _)| name == field).map(|(_, value)| value.get())
    }

    /// The text of a field that is there; `null` says that it is not.
    fn present(&self, field: &str) -> Option<&'a str> {
        self.raw(field).filter(|text| *text != "null")
    }

    fn optional<T: DeserializeOwned>(&self, field: &str, kind: &str) -> Result<Option<T>, Error> {
        let read = |text| serde_json::from_str(text);
        self.present(field).map(read).transpose().map_err(|_| self.must_be(field, kind))
    }

    /// The error that a field is not what it has to be.
    pub(crate) fn must_be(&self, field: &str, kind: &str) -> Error {
        bad(format!("{}.{field} must be {kind}", self.name))
    }

    fn missing(&self, field: &str) -> Error {
        bad(format!("{}.{field} is missing", self.name))
    }

    /// A string.
    pub(crate) fn text(&self, field: &str) -> Result<Option<String>, Error> {
        self.optional(field, "a string")
    }

    /// A string that has to be there; it may be empty.
    pub(crate) fn required_text(&self, field: &str) -> Result<String, Error> {
        self.text(field)?.ok_or_else(|| self.missing(field))
    }

    /// A list of strings that has to be there.
    pub(crate) fn required_texts(&self, field: &str) -> Result<Vec<String>, Error> {
        self.texts(field)?.ok_or_else(|| self.missing(field))
    }

    /// A list of strings.
    pub(crate) fn texts(&self, field: &str) -> Result<Option<Vec<String>>, Error> {
        self.optional(field, "a list of strings")
    }

    /// A flag; absent means no.
    pub(crate) fn flag(&self, field: &str) -> Result<bool, Error> {
        Ok(self.optional(field, "true or false")?.unwrap_or(false))
    }

    /// An offset, or a time in seconds.
    pub(crate) fn u64(&self, field: &str) -> Result<Option<u64>, Error> {
        self.optional(field, "a whole number from 0 to 2^64 - 1")
    }

    /// A number or a code that fits 32 bits.
    pub(crate) fn u32(&self, field: &str) -> Result<Option<u32>, Error> {
        self.optional(field, "a whole number from 0 to 2^32 - 1")
    }

    /// How many of something at most: absent means none of it, -1 means no limit, which is `None`.
    pub(crate) fn limit(&self, field: &str) -> Result<Option<usize>, Error> {
        const KIND: &str = "a whole number from 0 to 2^31 - 1, or -1 for no limit";
        match self.optional::<i32>(field, KIND)?.unwrap_or(0) {
            -1 => Ok(None),
            limit => usize::try_from(limit).map(Some).map_err(|_| self.must_be(field, KIND)),
        }
    }

    /// A value that is passed on as it is; `null` is one.
    pub(crate) fn json(&self, field: &str) -> Option<Json> {
        self.raw(field).map(Json::from_valid)
    }

    /// A value that is passed on as it is; `null` says that there is none.
    pub(crate) fn present_json(&self, field: &str) -> Option<Json> {
        self.present(field).map(Json::from_valid)
    }

    /// Whether a field is there.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.present(field).is_some()
    }

    /// A value that is passed on as it is, and has to be there.
    pub(crate) fn required_json(&self, field: &str) -> Result<Json, Error> {
        self.json(field).ok_or_else(|| self.missing(field))
    }

    /// The fields of a field, under its own name.
    pub(crate) fn object(&self, field: &'static str) -> Result<Option<Fields<'a>>, Error> {
        self.present(field).map(|text| Fields::split(field, text)).transpose()
    }

    /// The items of a list of objects. What is wrong with one of them does not hurt the others.
    pub(crate) fn objects(
        &self,
        field: &'static str,
    ) -> Result<Vec<Result<Fields<'a>, Error>>, Error> {
        let text = self.present(field).ok_or_else(|| self.missing(field))?;
        let items: Vec<&RawValue> =
            serde_json::from_str(text).map_err(|_| self.must_be(field, "a list of objects"))?;
        Ok(items.into_iter().map(|item| Fields::split(field, item.get())).collect())
    }

    /// All fields as objects, for an object whose names are not ours.
    pub(crate) fn entries(&self) -> Result<Vec<(String, Fields<'a>)>, Error> {
        let entry = |(name, value): &(Cow<'a, str>, &'a RawValue)| {
            Ok((name.clone().into_owned(), Fields::split(self.name, value.get())?))
        };
        self.fields.iter().map(entry).collect()
    }

    /// All fields as strings, for an object whose names are not ours.
    pub(crate) fn text_entries(&self) -> Result<Vec<(String, String)>, Error> {
        let entry = |(name, value): &(Cow<'a, str>, &'a RawValue)| {
            let text = serde_json::from_str(value.get())
                .map_err(|_| bad(format!("{} must have strings only", self.name)))?;
            Ok((name.clone().into_owned(), text))
        };
        self.fields.iter().map(entry).collect()
    }

    /// `offset` and `epoch`, both of which may be absent.
    pub(crate) fn recover(&self) -> Result<Recover, Error> {
        Ok(Recover {
            epoch: Epoch::new(&self.text("epoch")?.unwrap_or_default()),
            offset: self.u64("offset")?.unwrap_or(0),
        })
    }

    /// The one field, of several that there may be, and its fields: a method and what it is called
    /// with.
    pub(crate) fn one_of(
        &self,
        methods: &[&'static str],
    ) -> Result<(&'static str, Fields<'a>), Error> {
        let mut there = methods.iter().filter_map(|method| Some((*method, self.present(method)?)));
        let (method, text) = there.next().ok_or(Error::MethodNotFound)?;
        if there.next().is_some() {
            return Err(bad(format!("{} must have one method", self.name)));
        }
        Ok((method, Fields::split(method, text)?))
    }
}

/// A bad request, and why.
pub(crate) fn bad(why: String) -> Error {
    Error::BadRequest(why)
}

/// Checks text that is to be passed on as a JSON value, from where it was not part of any JSON.
pub(crate) fn json_from_text(text: &str) -> Option<Json> {
    if is_too_deep(text) {
        return None;
    }
    let value: &RawValue = serde_json::from_str(text).ok()?;
    Some(Json::from_valid(value.get()))
}

/// Whether arrays and objects stand in each other deeper than [`MAX_DEPTH`]. In text that is not JSON
/// the answer has no meaning, and the parser refuses it.
pub(crate) fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// Behind the quotation mark that ends the string.
fn skip_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => return,
            _ => {}
        }
    }
}

/// Names and values of an object in their order, repeated names too.
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A name: borrowed, unless there are escapes in it.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            pairs.push((name, map.next_value()?));
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Fields<'_>, Error> {
        Fields::parse("it", text.as_bytes())
    }

    #[track_caller]
    fn refused<T: fmt::Debug>(result: Result<T, Error>, why: &str) {
        assert_eq!(result.unwrap_err(), Error::BadRequest(why.to_owned()));
    }

    #[test]
    fn each_kind_is_read() {
        let fields = parse(
            r#"{"t":"a\u0041\"\u2028","n":18446744073709551615,"m":4294967295,"f":true,"l":["a","b"],
                "j":{"a" : 1.0},"z":null,"u":-1,"o":{"offset":7,"epoch":"xD5R"}}"#,
        )
        .unwrap();
        assert_eq!(fields.text("t"), Ok(Some("aA\"\u{2028}".to_owned())));
        assert_eq!(fields.u64("n"), Ok(Some(u64::MAX)));
        assert_eq!(fields.u32("m"), Ok(Some(u32::MAX)));
        assert_eq!(fields.flag("f"), Ok(true));
        assert_eq!(fields.texts("l"), Ok(Some(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(fields.json("j").unwrap().as_str(), r#"{"a" : 1.0}"#);
        assert_eq!(fields.limit("u"), Ok(None));
        let recover = fields.object("o").unwrap().unwrap().recover().unwrap();
        assert_eq!(recover, Recover { epoch: Epoch::new("xD5R"), offset: 7 });
    }

    #[test]
    fn what_is_absent_or_null() {
        for text in ["{}", r#"{"a":null}"#] {
            let fields = parse(text).unwrap();
            assert_eq!(fields.text("a"), Ok(None));
            assert_eq!(fields.u64("a"), Ok(None));
            assert_eq!(fields.flag("a"), Ok(false));
            assert_eq!(fields.limit("a"), Ok(Some(0)));
            assert!(fields.object("a").unwrap().is_none());
            refused(fields.required_text("a"), "it.a is missing");
        }
        refused(parse("{}").unwrap().required_json("a"), "it.a is missing");
        assert_eq!(parse(r#"{"a":null}"#).unwrap().required_json("a").unwrap().as_str(), "null");
    }

    #[test]
    fn an_error_names_the_field() {
        let fields = parse(r#"{"a":[1],"b":"","c":{"d":1}}"#).unwrap();
        refused(fields.text("a"), "it.a must be a string");
        refused(fields.u64("b"), "it.b must be a whole number from 0 to 2^64 - 1");
        refused(fields.flag("b"), "it.b must be true or false");
        refused(fields.texts("a"), "it.a must be a list of strings");
        refused(fields.object("a").map(|_| ()), "a is not a JSON object, at character 0");
        refused(fields.object("c").unwrap().unwrap().text("d"), "c.d must be a string");
        refused(fields.object("c").unwrap().unwrap().text_entries(), "c must have strings only");
    }

    #[test]
    fn numbers_are_exact_or_refused() {
        const KIND: &str = "it.n must be a whole number from 0 to 2^64 - 1";
        for text in ["-1", "1.0", "1e3", "18446744073709551616", "1e400", "\"1\"", "true"] {
            let object = format!(r#"{{"n":{text}}}"#);
            refused(parse(&object).unwrap().u64("n"), KIND);
        }
        for limit in ["-2", "2147483648"] {
            let object = format!(r#"{{"n":{limit}}}"#);
            let why = "it.n must be a whole number from 0 to 2^31 - 1, or -1 for no limit";
            refused(parse(&object).unwrap().limit("n"), why);
        }
        let fields = parse(r#"{"n":9007199254740993}"#).unwrap();
        assert_eq!(fields.u64("n"), Ok(Some(9_007_199_254_740_993)));
    }

    #[test]
    fn a_name_twice_is_refused_however_it_is_written() {
        for text in [r#"{"a":1,"b":2,"a":1}"#, r#"{"a":1,"\u0061":1}"#, r#"{"a":null,"a":1}"#] {
            refused(parse(text).map(|_| ()), "it has the field \"a\" twice");
        }
        let long = "x".repeat(1000);
        let text = format!(r#"{{"{long}":1,"{long}":1}}"#);
        let quoted = "x".repeat(24);
        refused(parse(&text).map(|_| ()), &format!("it has the field {quoted:?} twice"));
    }

    #[test]
    fn nesting_is_bounded_inside_of_what_is_passed_on_too() {
        let nested =
            |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        refused(parse(&nested(MAX_DEPTH + 1)).map(|_| ()), "it is nested deeper than 128");
        refused(parse(&"[".repeat(1 << 20)).map(|_| ()), "it is nested deeper than 128");
        let in_a_string = format!(r#"{{"a":"\"{}"}}"#, "[".repeat(1000));
        assert!(parse(&in_a_string).is_ok());
        assert_eq!(json_from_text(&nested(MAX_DEPTH + 1)), None);
    }

    #[test]
    fn what_is_no_object() {
        for (text, at) in [("", 0), ("[]", 0), ("1", 1), ("{", 1), (r#"{"a":1"#, 6), ("{}x", 3)] {
            let why = format!("it is not a JSON object, at character {at}");
            refused(parse(text).map(|_| ()), &why);
        }
        refused(Fields::parse("it", b"{\"a\":\"\xff\"}").map(|_| ()), "it is not UTF-8");
    }
}
