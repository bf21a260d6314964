//! The command line.

use clap::Parser;
use std::{net::SocketAddr, net::ToSocketAddrs, path::PathBuf};
use wamplex_router::{
    RouterConfig,
    config::{DEFAULT_LISTEN, DEFAULT_REALM, MetaApi, Origins, RealmSettings, Site, UriRule},
};

/// WAMP router: routes events and calls between clients over WebSocket, and serves a web page to try it.
///
/// Without arguments it serves the realm `realm1` to anonymous clients of this machine.
#[derive(Debug, Parser)]
#[command(name = "wamplex", version, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// Address to listen on; port 0 lets the operating system choose
    #[arg(long, value_name = "ADDRESS:PORT", default_value = DEFAULT_LISTEN, value_parser = address)]
    listen: SocketAddr,

    /// Realm to serve; may be given several times
    #[arg(long = "realm", value_name = "URI", default_value = DEFAULT_REALM)]
    realms: Vec<String>,

    /// Folder to serve instead of the site that is built in
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,

    /// Web origin whose pages may connect, such as `https://example.com`; may be given several times, `*` allows all.
    /// Pages of this router's own host and of localhost always may
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    origins: Vec<String>,

    /// Longest message a client may send
    #[arg(long, value_name = "BYTES", default_value_t = RouterConfig::default().limits.message_size, value_parser = message_size)]
    max_message_size: usize,

    /// What clients may do with the router's own procedures: ask about each other, end each other too, or nothing
    #[arg(long, value_name = "WHAT", value_enum, default_value = "ask")]
    meta_api: MetaApiArg,

    /// Take topics and procedures of `0-9`, `a-z` and `_` only
    #[arg(long)]
    strict_uris: bool,

    /// Take request ids in any order, as clients send that were written before 2023
    #[arg(long)]
    any_request_ids: bool,

    /// What to log on standard error: error, warn, info, debug, trace, off, or directives such as `wamplex_router=debug`
    #[arg(long, value_name = "LEVEL", env = "RUST_LOG", default_value = "info")]
    pub(crate) log: String,
}

/// The values of `--meta-api`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum MetaApiArg {
    /// The procedures do not exist
    Off,
    /// Ask and watch
    Ask,
    /// Ask, watch, end sessions, and take callees and subscribers out
    Full,
}

const AFTER_HELP: &str = "\
Clients connect to ws://ADDRESS:PORT/ws with the subprotocol wamp.2.json, wamp.2.msgpack or wamp.2.cbor.
The first line on standard output names that URL once the router listens, the second line the web page.
Ctrl-C says goodbye to all clients and ends; a second Ctrl-C ends at once.
Exit codes: 0 ended by a signal, 1 could not start, 2 wrong arguments.";

/// The least that `--max-message-size` takes: below it no client can even say HELLO.
const SMALLEST_MESSAGE_SIZE: usize = 1024;

/// The most that `--max-message-size` takes: what RawSocket can carry.
const LARGEST_MESSAGE_SIZE: usize = 16 << 20;

impl Cli {
    /// The configuration these arguments describe.
    pub(crate) fn into_config(self) -> RouterConfig {
        let mut config = RouterConfig::on(self.listen);
        config.realms = self.realms.into_iter().map(RealmSettings::new).collect();
        let listener = &mut config.listeners[0];
        listener.site = self.site.map_or(Site::Embedded, Site::Directory);
        listener.origins = match self.origins {
            origins if origins.iter().any(|origin| origin == "*") => Origins::Any,
            origins if origins.is_empty() => Origins::SameHostAndLocalhost,
            origins => Origins::Also(origins),
        };
        config.limits.message_size = self.max_message_size;
        config.set_rules(|rules| {
            rules.meta_api = match self.meta_api {
                MetaApiArg::Off => MetaApi::Off,
                MetaApiArg::Ask => MetaApi::Ask,
                MetaApiArg::Full => MetaApi::Full,
            };
            rules.strict_request_ids = !self.any_request_ids;
            if self.strict_uris {
                rules.uris = UriRule::Strict;
            }
        });
        config
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let mut found = text.to_socket_addrs().map_err(|e| format!("expected ADDRESS:PORT ({e})"))?;
    found.next().ok_or_else(|| "this name has no address".to_owned())
}

fn message_size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size) if (SMALLEST_MESSAGE_SIZE..=LARGEST_MESSAGE_SIZE).contains(&size) => Ok(size),
        Ok(_) | Err(_) => Err(format!(
            "expected a number of bytes from {SMALLEST_MESSAGE_SIZE} to {LARGEST_MESSAGE_SIZE}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, error::ErrorKind};
    use wamplex_router::config::Rules;

    fn parse(args: &[&str]) -> Result<RouterConfig, ErrorKind> {
        let args = std::iter::once("wamplex").chain(args.iter().copied());
        Cli::try_parse_from(args).map(Cli::into_config).map_err(|e| e.kind())
    }

    fn names(config: &RouterConfig) -> Vec<&str> {
        config.realms.iter().map(|realm| &*realm.name).collect()
    }

    #[test]
    fn the_description_of_the_arguments_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_reach_the_configuration() {
        let config = parse(&[
            "--listen",
            "127.0.0.1:0",
            "--realm",
            "a",
            "--realm",
            "b.c",
            "--max-message-size",
            "4096",
        ]);
        let config = config.unwrap();
        assert_eq!(config.listeners[0].endpoint.to_string(), "127.0.0.1:0");
        assert_eq!(names(&config), ["a", "b.c"]);
        assert_eq!(config.limits.message_size, 4096);
        assert_eq!(config.listeners[0].site, Site::Embedded);
        assert_eq!(names(&parse(&[]).unwrap()), [DEFAULT_REALM]);
        assert_eq!(parse(&[]).unwrap().realms[0].rules, Rules::default());
        let rules = parse(&["--meta-api", "full", "--strict-uris", "--any-request-ids"]);
        let rules = rules.unwrap().realms.remove(0).rules;
        assert_eq!((rules.meta_api, rules.uris), (MetaApi::Full, UriRule::Strict));
        assert!(!rules.strict_request_ids);
        assert_eq!(parse(&["--allow-origin", "*"]).unwrap().listeners[0].origins, Origins::Any);
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for (args, kind) in [
            (&["--listen", "nowhere"][..], ErrorKind::ValueValidation),
            (&["--listen", "127.0.0.1:99999"], ErrorKind::ValueValidation),
            (&["--max-message-size=-1"], ErrorKind::ValueValidation),
            (&["--max-message-size", "12"], ErrorKind::ValueValidation),
            (&["--max-message-size", "many"], ErrorKind::ValueValidation),
            (&["--unknown"], ErrorKind::UnknownArgument),
            (&["extra"], ErrorKind::UnknownArgument),
        ] {
            assert_eq!(parse(args).map(|_| ()), Err(kind), "{args:?}");
        }
    }
}
