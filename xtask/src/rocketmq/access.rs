//! Access control of 5.x (ACL 2.0): users, and what they may.

use super::{Cluster, StartOptions};

impl StartOptions {
    /// With access control, at the broker and at the proxy, which looks users up
    /// at its broker. This user, a name and a password, may do all and is the
    /// admin tool's.
    pub fn acl_2(mut self, [name, password]: [&str; 2]) -> Self {
        let mut settings = vec![
            (
                "initAuthenticationUser".to_owned(),
                format!(r#"{{"username":"{name}","password":"{password}"}}"#),
            ),
            (
                "innerClientAuthenticationCredentials".to_owned(),
                format!(r#"{{"accessKey":"{name}","secretKey":"{password}"}}"#),
            ),
            (
                "authConfigPath".to_owned(),
                self.dir.join("auth").display().to_string(),
            ),
        ];
        for (part, what) in [
            ("authentication", "Authentication"),
            ("authorization", "Authorization"),
        ] {
            let class = |kind: &str| format!("org.apache.rocketmq.auth.{part}.provider.{kind}");
            settings.push((format!("{part}Enabled"), "true".to_owned()));
            settings.push((
                format!("{part}Provider"),
                class(&format!("Default{what}Provider")),
            ));
            let metadata = format!("{part}MetadataProvider");
            let at_broker = format!("org.apache.rocketmq.proxy.auth.Proxy{what}MetadataProvider");
            self.proxy_conf.push((metadata.clone(), at_broker.into()));
            self = self.broker_line(format!(
                "{metadata}={}",
                class(&format!("Local{what}MetadataProvider"))
            ));
        }
        for (name, value) in settings {
            self = self.broker_line(format!("{name}={value}"));
            self.proxy_conf.push((name, value.into()));
        }
        self.admin([name, password])
    }

    /// With the access key and the secret key that the admin tool signs with.
    pub fn admin(mut self, keys: [&str; 2]) -> Self {
        self.admin_keys = Some(keys.map(str::to_owned).into());
        self
    }
}

impl Cluster {
    /// Makes a user, who may nothing yet.
    pub fn user(&self, [name, password]: [&str; 2]) -> Result<(), String> {
        let user = ["createUser", "-c", "DefaultCluster", "-t", "Normal"];
        self.admin(&[&user[..], &["-u", name, "-p", password]].concat())
            .map(drop)
    }

    /// Permits the user an action (`Sub`, `Pub`) on resources such as
    /// `Topic:events,Group:GID_a`.
    pub fn permit(&self, user: &str, resources: &str, action: &str) -> Result<(), String> {
        let subject = format!("User:{user}");
        let list = ["createAcl", "-c", "DefaultCluster", "-d", "Allow"];
        let own = ["-s", &subject, "-r", resources, "-a", action];
        self.admin(&[&list[..], &own].concat()).map(drop)
    }
}
