//! Echoes what the Autobahn|Testsuite sends to clients, case after case: see `tests/run autobahn`.

use std::{env, error::Error, time::Duration};
use tokio::time::sleep;

/// The longest message of the suite.
const LIMIT: usize = 16 << 20;

/// How often it is tried to reach the suite, which takes its time to start.
const ATTEMPTS: usize = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = env::args().nth(1).ok_or("the URL of the suite is missing")?;
    let cases: u32 = count(&server).await?.parse()?;
    for case in 1..=cases {
        wamplex::echo(&format!("{server}/runCase?case={case}&agent=wamplex"), LIMIT).await?;
    }
    wamplex::echo(&format!("{server}/updateReports?agent=wamplex"), LIMIT).await?;
    Ok(())
}

async fn count(server: &str) -> Result<String, Box<dyn Error>> {
    let url = format!("{server}/getCaseCount");
    for _ in 0..ATTEMPTS {
        if let Ok(Some(count)) = wamplex::echo(&url, LIMIT).await {
            return Ok(count);
        }
        sleep(Duration::from_millis(100)).await;
    }
    Err("the suite cannot be reached".into())
}
