//! The procedures that a peer can register.

use crate::{
    datum::{Datum, Kwargs, with_arguments},
    report,
};
use serde_json::json;
use wamplex::{
    Args, Client, Ctx, Error, Kwargs as FromKwargs, Registration, Reply, WampError, uris,
};

type Result = core::result::Result<Reply<Vec<Datum>, Kwargs>, WampError>;

/// Which of them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// The sum of two arguments.
    Add2,
    /// The arguments themselves.
    Echo,
    /// An error with the arguments.
    Fail,
    /// As many progressive results as the argument says, if they are wanted, and a final one.
    Progress,
    /// Nothing until it is interrupted.
    Hang,
}

impl Kind {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "add2" => Self::Add2,
            "echo" => Self::Echo,
            "fail" => Self::Fail,
            "progress" => Self::Progress,
            "hang" => Self::Hang,
            _ => return None,
        })
    }
}

/// Registers a procedure that reports each invocation and then does what its kind says.
pub(crate) async fn register(
    client: &Client,
    procedure: &str,
    kind: Kind,
) -> core::result::Result<Registration, Error> {
    let uri = procedure.to_owned();
    let serve = move |Args(args): Args<Vec<Datum>>,
                      FromKwargs(kwargs): FromKwargs<Kwargs>,
                      cx: Ctx| {
        let about = json!({"on": "invocation", "procedure": uri, "progress": cx.wants_progress()});
        report(&with_arguments(about, &args, &kwargs));
        run(kind, uri.clone(), args, kwargs, cx)
    };
    client.register(procedure, serve).await
}

async fn run(kind: Kind, procedure: String, args: Vec<Datum>, kwargs: Kwargs, cx: Ctx) -> Result {
    match kind {
        Kind::Add2 => add2(&args),
        Kind::Echo => Ok(Reply::args(args).kwargs(kwargs)),
        Kind::Fail => {
            Err(WampError::new("com.example.error.failed").with_args(args)?.with_kwargs(kwargs)?)
        }
        Kind::Progress => progress(args, cx).await,
        Kind::Hang => {
            cx.cancel.cancelled().await;
            report(&json!({"on": "interrupted", "procedure": procedure}));
            Err(WampError::new(uris::error::CANCELED))
        }
    }
}

fn add2(args: &[Datum]) -> Result {
    let sum = args.iter().map(Datum::as_integer).sum::<Option<i64>>();
    let sum = sum.ok_or_else(|| WampError::new(uris::error::INVALID_ARGUMENT))?;
    Ok(Reply::args(vec![Datum::Signed(sum)]).kwargs(Kwargs::new()))
}

async fn progress(args: Vec<Datum>, cx: Ctx) -> Result {
    let steps = args.first().and_then(Datum::as_integer).unwrap_or_default();
    for step in 0..steps {
        let of = Kwargs::from([("of".to_owned(), Datum::Signed(steps))]);
        cx.progress(Reply::args(vec![Datum::Signed(step)]).kwargs(of)).await?;
    }
    let done = vec![Datum::Text("done".to_owned()), Datum::Signed(steps)];
    Ok(Reply::args(done).kwargs(Kwargs::new()))
}
