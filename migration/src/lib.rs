//! The steps that build the tables of Artel. They only go forward.

mod m0001_account;
mod m0002_journal;
mod m0003_template;
mod m0004_lease;
mod m0005_social;

use sea_orm_migration::prelude::*;

/// All steps in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_account::Migration),
            Box::new(m0002_journal::Migration),
            Box::new(m0003_template::Migration),
            Box::new(m0004_lease::Migration),
            Box::new(m0005_social::Migration),
        ]
    }
}
