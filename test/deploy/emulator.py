"""
Starts MiniStack with what it does otherwise than AWS put right, as far as this app shows it. The version is pinned in requirements.txt, and
each correction fails aloud where the code that it replaces is no longer there.
"""

import contextvars
import json

from ministack import app
from ministack.core import iam_actions, lambda_runtime
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import ec2, lambda_svc, rds, secretsmanager, tagging
from ministack.services.cloudformation import provisioners


def tell_error_names():
    """Step Functions catches and retries errors by their names, which the emulator drops: every error of a function is a HandlerError."""
    told = "error: String(err.message || err), "
    assert told in lambda_runtime._NODEJS_WORKER_SCRIPT
    lambda_runtime._NODEJS_WORKER_SCRIPT = lambda_runtime._NODEJS_WORKER_SCRIPT.replace(told, f"{told}type: err.name, ")
    name = contextvars.ContextVar("name", default=None)
    invoke, execute = lambda_runtime.Worker.invoke, lambda_svc._execute_function_warm

    def invoke_and_note(self, *args, **keywords):
        result = invoke(self, *args, **keywords)
        name.set(result.get("type"))
        return result

    def execute_and_tell(*args):
        name.set(None)
        result = execute(*args)
        if result.get("error") and name.get():
            result["body"]["errorType"] = name.get()
        return result

    lambda_runtime.Worker.invoke = invoke_and_note
    lambda_svc._execute_function_warm = execute_and_tell


def name_secrets_as_aws_does():
    """`Ref` of a secret is its ARN, which policies and functions are given, and a name is made of two words; here both are of its own."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, delete = handlers["create"], handlers["delete"]

    def create_and_return_arn(logical_id, properties, stack_name):
        made = f"{logical_id}-{new_uuid().replace('-', '')[:12]}"
        _, attributes = create(logical_id, {"Name": made, **properties}, stack_name)
        return attributes["Arn"], attributes

    def delete_by_arn(arn, properties):
        for name, secret in list(secretsmanager._secrets.items()):
            if secret["ARN"] == arn:
                delete(name, properties)

    handlers.update(create=create_and_return_arn, delete=delete_by_arn)


def know_rules_of_security_groups():
    """Rules that stand outside of their group, as the one that lets the functions in to the cluster, are a type that it does not know."""
    for kind, key in (("Ingress", "IpPermissions"), ("Egress", "IpPermissionsEgress")):

        def create(_logical_id, properties, _stack_name, key=key):
            (rule,) = provisioners._ec2_sg_permissions([properties])
            rule["SecurityGroupRuleId"] = f"sgr-{new_uuid()[:8]}"
            ec2._security_groups[properties["GroupId"]][key].append(rule)
            return rule["SecurityGroupRuleId"], {"Id": rule["SecurityGroupRuleId"]}

        def delete(rule_id, properties, key=key):
            group = ec2._security_groups[properties["GroupId"]]
            group[key] = [rule for rule in group[key] if rule.get("SecurityGroupRuleId") != rule_id]

        assert f"AWS::EC2::SecurityGroup{kind}" not in provisioners._RESOURCE_HANDLERS
        provisioners._RESOURCE_HANDLERS[f"AWS::EC2::SecurityGroup{kind}"] = {"create": create, "delete": delete}


def name_resources_of_rds():
    """Rights on parameter groups, on what is named by its ARN, and on lists are checked against an asterisk, which no narrow policy allows."""
    extract, parameter = iam_actions.extract_resource_arn, iam_actions._query_param
    lists = {"DescribeDBInstances": "db:*", "DescribeDBClusters": "cluster:*", "DescribeDBClusterParameterGroups": "cluster-pg:*"}

    def extract_of_rds(service, method, path, headers, body, query_params, region, account_id):
        found = extract(service, method, path, headers, body, query_params, region, account_id)
        if service != "rds" or found != "*":
            return found
        group = parameter(query_params, "DBClusterParameterGroupName")
        resource = f"cluster-pg:{group}" if group else lists.get(parameter(query_params, "Action"))
        return parameter(query_params, "ResourceName") or (f"arn:aws:rds:{region}:{account_id}:{resource}" if resource else found)

    iam_actions.extract_resource_arn = extract_of_rds


def tell_stages_of_secrets():
    """SwitchOver may move our own label of the application's secret and no other, by a condition of which it knows nothing."""
    context = iam_actions.request_tag_context

    def context_with_stage(service, action, body, parameters):
        stage = json.loads(body or b"{}").get("VersionStage") if service == "secretsmanager" else None
        return {**context(service, action, body, parameters), **({"secretsmanager:VersionStage": stage} if stage else {})}

    iam_actions.request_tag_context = context_with_stage


def tell_tags_of_security_groups():
    """ConfigureSource may change the rules of the group with the stack's tag and of no other, and tags of EC2 are told to no condition."""

    def collect():
        for group in ec2._security_groups:
            yield f"arn:aws:ec2:{get_region()}:{get_account_id()}:security-group/{group}", ec2._tags.get(group, [])

    assert "ec2" not in tagging._RESOURCE_TAG_COLLECTORS
    tagging._RESOURCE_TAG_COLLECTORS["ec2"] = collect


def keep_parameter_groups_in_use():
    """RDS refuses to delete a cluster parameter group while a cluster has it, which makes CloudFormation's deletion fail."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::RDS::DBClusterParameterGroup"]
    delete = handlers["delete"]

    def delete_unless_in_use(name, properties):
        if any(cluster["DBClusterParameterGroup"] == name for cluster in rds._clusters.values()):
            raise ValueError(f"One or more database instances are still members of this parameter group {name}")
        delete(name, properties)

    handlers["delete"] = delete_unless_in_use


def record_alarms_of_expressions():
    """An alarm on an expression is refused; here it is a record that never goes off."""
    of_metric = provisioners._cw_metric_alarm_record

    def record(name, properties):
        if properties.get("Metrics"):
            properties = {key: value for key, value in properties.items() if key != "Metrics"}
            properties |= {"MetricName": "Expression", "Namespace": "NotEvaluated"}
        return of_metric(name, properties)

    provisioners._cw_metric_alarm_record = record


def listen_on_one_port():
    """With TLS on it would take port 443 too, for tokens of Cognito."""
    app._port_is_bindable = lambda *_: False


tell_error_names()
name_secrets_as_aws_does()
know_rules_of_security_groups()
name_resources_of_rds()
tell_stages_of_secrets()
tell_tags_of_security_groups()
keep_parameter_groups_in_use()
record_alarms_of_expressions()
listen_on_one_port()
app.main()
