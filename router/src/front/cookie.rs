//! The cookie by which a browser is recognised when it comes back.

use super::Pages;
use crate::{
    authentication::{Cookies, Token},
    config::BrowserCookie,
    peer::Peer,
};
use hyper::header::{self, HeaderMap, HeaderValue};
use std::sync::Arc;
use tokio::time::Instant;

/// Gives the browser that sent a request a fresh cookie, if a realm takes any and its page may be recognised by one. What
/// it was known for by the one it has sent, it is known for by the fresh one.
pub(super) fn renew(
    cookies: &Cookies,
    settings: &BrowserCookie,
    pages: &Pages,
    request: &HeaderMap,
    response: &mut HeaderMap,
    client: &mut Peer,
) {
    let Some(max_age) = cookies.max_age() else { return };
    if !pages.may_have_cookies(request) {
        return;
    }
    // Without random numbers there is no cookie; the client can authenticate in any other way.
    let Ok(fresh) = Token::draw() else { return };
    let name = settings.full_name();
    if let Some(sent) = find(request, &name) {
        cookies.replace(sent, fresh, Instant::now());
    }
    let secure = if settings.secure { "; Secure" } else { "" };
    let cookie = format!(
        "{name}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{secure}",
        fresh.text(),
        max_age.as_secs()
    );
    let Ok(mut cookie) = HeaderValue::from_str(&cookie) else { return };
    cookie.set_sensitive(true);
    response.append(header::SET_COOKIE, cookie);
    if let Some(http) = &mut client.http {
        Arc::make_mut(http).token = Some(fresh);
    }
}

/// The token a browser has sent, if it has sent one `Cookie` header, as browsers do.
fn find(request: &HeaderMap, name: &str) -> Option<Token> {
    let mut headers = request.get_all(header::COOKIE).iter();
    let (Some(header), None) = (headers.next(), headers.next()) else { return None };
    Token::find(header.to_str().ok()?, name)
}
