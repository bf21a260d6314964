//! Running a router: the arguments that say how.

use super::check::source;
use clap::Args;
use std::{
    net::{SocketAddr, ToSocketAddrs},
    ops::RangeInclusive,
    path::PathBuf,
};
use wamplex_router::{
    RouterConfig,
    config::{
        ConfigError, ConfigSource, Limits, MetaApi, Origins, RealmSettings, Site, UriRule, WORKERS,
        is_origin, units::size_from_text,
    },
};
use wamplex_shared::uri::{MatchPolicy, Uri};

/// The arguments of a router.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Configuration file in TOML; `wamplex init` writes one
    #[arg(long, value_name = "FILE", env = "WAMPLEX_CONFIG")]
    config: Option<PathBuf>,

    /// Address to listen on; port 0 lets the operating system choose [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address, conflicts_with = "config")]
    listen: Option<SocketAddr>,

    /// Realm to serve; may be given several times [default: realm1]
    #[arg(long = "realm", value_name = "URI", value_parser = realm, conflicts_with = "config")]
    realms: Vec<String>,

    /// Folder to serve instead of the site that is built in
    #[arg(long, value_name = "DIR", value_parser = folder, conflicts_with = "config")]
    site: Option<PathBuf>,

    /// Web origin whose pages may connect, such as `https://example.com`; may be given several times, `*` allows all.
    /// Pages of this router's own host and of localhost always may
    #[arg(long = "allow-origin", value_name = "ORIGIN", value_parser = origin, conflicts_with = "config")]
    origins: Vec<String>,

    /// Longest message a client may send, such as `64KiB` [default: 1MiB]
    #[arg(long, value_name = "BYTES", value_parser = message_size, conflicts_with = "config")]
    max_message_size: Option<usize>,

    /// What clients may do with the router's own procedures: ask about each other, end each other too, or nothing
    /// [default: ask]
    #[arg(long, value_name = "WHAT", value_enum, conflicts_with = "config")]
    meta_api: Option<MetaApiArg>,

    /// How many threads serve clients [default: one for each processor core]
    #[arg(long, value_name = "COUNT", value_parser = workers, conflicts_with = "config")]
    workers: Option<usize>,

    /// Take topics and procedures of `0-9`, `a-z` and `_` only
    #[arg(long, conflicts_with = "config")]
    strict_uris: bool,

    /// Take request ids in any order, as clients send that were written before 2023
    #[arg(long, conflicts_with = "config")]
    any_request_ids: bool,

    /// What to log on standard error: error, warn, info, debug, trace, off, or directives such as `wamplex_router=debug`
    #[arg(long, value_name = "LEVEL", env = "RUST_LOG", default_value = "info")]
    pub(crate) log: String,

    /// How to log: lines for people, or one JSON object per line
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        env = "WAMPLEX_LOG_FORMAT",
        default_value = "text"
    )]
    pub(crate) log_format: LogFormat,
}

/// The values of `--log-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object per line, for machines
    Json,
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

/// What `--max-message-size` takes.
const MESSAGE_SIZES: RangeInclusive<usize> = Limits::LEAST_MESSAGE_SIZE..=Limits::MOST_MESSAGE_SIZE;

impl Run {
    /// Where the configuration is from.
    pub(crate) fn source(&self) -> ConfigSource {
        source(self.config.as_ref())
    }

    /// The configuration that file, environment and arguments describe.
    ///
    /// # Errors
    /// Something is wrong in the file or the environment.
    pub(crate) fn config(&self, source: &ConfigSource) -> Result<RouterConfig, ConfigError> {
        let mut config = source.load()?;
        self.change_listener(&mut config);
        self.change_realms(&mut config);
        if let Some(size) = self.max_message_size {
            config.limits.message_size = size;
        }
        config.workers = self.workers.or(config.workers);
        Ok(config)
    }

    /// Options that say something about the listener are about the first one.
    fn change_listener(&self, config: &mut RouterConfig) {
        // A configuration that was loaded has a listener.
        let Some(listener) = config.listeners.first_mut() else { return };
        if let Some(address) = self.listen {
            listener.endpoint = address.into();
        }
        if let Some(folder) = &self.site {
            listener.site = Site::Directory(folder.clone());
        }
        if !self.origins.is_empty() {
            listener.origins = Origins::from_list(self.origins.clone());
        }
    }

    fn change_realms(&self, config: &mut RouterConfig) {
        if !self.realms.is_empty() {
            config.realms = self.realms.iter().map(RealmSettings::new).collect();
        }
        config.set_rules(|rules| {
            if let Some(meta_api) = self.meta_api {
                rules.meta_api = meta_api.into();
            }
            if self.any_request_ids {
                rules.strict_request_ids = false;
            }
            if self.strict_uris {
                rules.uris = UriRule::Strict;
            }
        });
    }
}

impl From<MetaApiArg> for MetaApi {
    fn from(argument: MetaApiArg) -> Self {
        match argument {
            MetaApiArg::Off => Self::Off,
            MetaApiArg::Ask => Self::Ask,
            MetaApiArg::Full => Self::Full,
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let mut found = text.to_socket_addrs().map_err(|e| format!("expected ADDRESS:PORT ({e})"))?;
    found.next().ok_or_else(|| "this name has no address".to_owned())
}

fn realm(text: &str) -> Result<String, String> {
    let checked = Uri::from(text).check(UriRule::Loose, MatchPolicy::Exact);
    checked.map(|()| text.to_owned()).map_err(|error| format!("expected a URI: {error}"))
}

fn folder(text: &str) -> Result<PathBuf, String> {
    let folder = PathBuf::from(text);
    if folder.is_dir() { Ok(folder) } else { Err("expected a folder that can be read".to_owned()) }
}

fn origin(text: &str) -> Result<String, String> {
    if text == "*" || is_origin(text) {
        return Ok(text.to_owned());
    }
    Err("expected an origin such as `https://example.com`, or `*`".to_owned())
}

fn message_size(text: &str) -> Result<usize, String> {
    let size = size_from_text(text).and_then(|size| usize::try_from(size).ok());
    size.filter(|size| MESSAGE_SIZES.contains(size)).ok_or_else(|| {
        let (least, most) = (MESSAGE_SIZES.start(), MESSAGE_SIZES.end());
        format!("expected a number of bytes from {least} to {most}, or a size like \"64KiB\"")
    })
}

fn workers(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| WORKERS.contains(count));
    count.ok_or_else(|| format!("expected a number from {} to {}", WORKERS.start(), WORKERS.end()))
}

#[cfg(test)]
mod tests {
    use super::super::Cli;
    use super::*;
    use clap::{Parser, error::ErrorKind};
    use wamplex_router::config::{DEFAULT_REALM, Rules};

    fn parse(args: &[&str]) -> Result<RouterConfig, ErrorKind> {
        let args = std::iter::once("wamplex").chain(args.iter().copied());
        let run = Cli::try_parse_from(args).map_err(|e| e.kind())?.run;
        Ok(run.config(&ConfigSource::text("")).unwrap())
    }

    fn names(config: &RouterConfig) -> Vec<&str> {
        config.realms.iter().map(|realm| &*realm.name).collect()
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
            "--workers",
            "3",
        ]);
        let config = config.unwrap();
        assert_eq!(config.listeners[0].endpoint.to_string(), "127.0.0.1:0");
        assert_eq!(names(&config), ["a", "b.c"]);
        assert_eq!(config.limits.message_size, 4096);
        assert_eq!((config.workers, parse(&[]).unwrap().workers), (Some(3), None));
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
            (&["--realm", "a b"], ErrorKind::ValueValidation),
            (&["--realm", ""], ErrorKind::ValueValidation),
            (&["--site", "/there/is/none"], ErrorKind::ValueValidation),
            (&["--allow-origin", "example.com"], ErrorKind::ValueValidation),
            (&["--workers", "0"], ErrorKind::ValueValidation),
            (&["--workers", "1025"], ErrorKind::ValueValidation),
            (&["--config", "x.toml", "--workers", "2"], ErrorKind::ArgumentConflict),
            (&["--unknown"], ErrorKind::UnknownArgument),
            (&["extra"], ErrorKind::InvalidSubcommand),
            (&["--config", "x.toml", "--realm", "a"], ErrorKind::ArgumentConflict),
            (&["--config", "x.toml", "--strict-uris"], ErrorKind::ArgumentConflict),
        ] {
            assert_eq!(parse(args).map(|_| ()), Err(kind), "{args:?}");
        }
    }
}
