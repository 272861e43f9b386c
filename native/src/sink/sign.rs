//! Signatures by which a receiver knows that a delivery is ours and new.

use ring::hmac;

use crate::config::Secret;

/// The header: `t=SECONDS,v1=HEX`, HMAC-SHA256 with the secret's bytes over
/// the seconds in decimal, a full stop and the body.
pub(super) fn header(secret: &Secret, seconds: u64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{seconds}.").as_bytes());
    context.update(body);
    let mut header = format!("t={seconds},v1=");
    for byte in context.sign().as_ref() {
        header.push_str(&format!("{byte:02x}"));
    }
    header
}
