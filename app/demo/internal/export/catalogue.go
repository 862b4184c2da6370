package export

import (
	"encoding/base32"
	"hash/fnv"
	"strconv"
	"strings"
)

// offer is a line of a provider's price list, for its three regions.
type offer struct {
	service     string    // FOCUS ServiceName, CUR product/ProductName
	code        string    // CUR lineItem/ProductCode
	category    string    // FOCUS ServiceCategory
	subcategory string    // FOCUS ServiceSubcategory
	family      string    // CUR product/productFamily, FOCUS SkuMeter
	usageType   string    // CUR lineItem/UsageType without the region's prefix
	operation   string    // CUR lineItem/Operation
	unit        string    // CUR pricing/unit, FOCUS PricingUnit
	prices      [3]string // public list price in each region
	text        string    // description; $ stands for the price
	instance    string    // instance type, "" for anything else
	vcpu        string
	memory      string
	resource    string   // pattern of resource ids, # stands for hexadecimal digits; "" has none
	when        schedule // when it is used
	perHour     string   // quantity in an hour of use, about; "" is 1 exactly
}

// item is an offer in one region.
type item struct {
	*offer
	region     *region
	sku        string
	priceID    string
	usageType  string
	price      int64
	contracted int64 // price after the payer's negotiated discount
	perHour    int64
	text       string
}

// region is a provider's location.
type region struct {
	id, name, prefix, zone string
}

var regions = map[string][3]region{
	"aws": {
		{"us-east-1", "US East (N. Virginia)", "", "us-east-1b"},
		{"eu-west-1", "EU (Ireland)", "EU-", "eu-west-1a"},
		{"eu-central-1", "EU (Frankfurt)", "EUC1-", "eu-central-1b"},
	},
	"azure": {
		{"eastus", "East US", "", "1"},
		{"westeurope", "West Europe", "", "2"},
		{"northeurope", "North Europe", "", "1"},
	},
	"gcp": {
		{"us-central1", "Iowa", "", "us-central1-a"},
		{"europe-west1", "Belgium", "", "europe-west1-c"},
		{"europe-west3", "Frankfurt", "", "europe-west3-b"},
	},
}

var offers = map[string][]offer{"aws": awsOffers, "azure": azureOffers, "gcp": gcpOffers}

const (
	ec2    = "Amazon Elastic Compute Cloud"
	linux  = "$ per On Demand Linux "
	dollar = "$"
)

// awsOffers are on-demand prices of us-east-1, eu-west-1 and eu-central-1.
var awsOffers = []offer{
	{service: ec2, code: "AmazonEC2", category: "Compute", subcategory: "Virtual Machines", family: "Compute Instance", usageType: "BoxUsage:m5.large", operation: "RunInstances", unit: "Hrs", prices: [3]string{"0.096", "0.107", "0.115"}, text: linux + "m5.large Instance Hour", instance: "m5.large", vcpu: "2", memory: "8 GiB", resource: "i-0################"},
	{service: "Amazon Simple Storage Service", code: "AmazonS3", category: "Storage", subcategory: "Object Storage", family: "Storage", usageType: "TimedStorage-ByteHrs", operation: "StandardStorage", unit: "GB-Mo", prices: [3]string{"0.023", "0.023", "0.0245"}, text: "$ per GB - first 50 TB / month of storage used", resource: "data-########", perHour: "0.8467312905"},
	{service: ec2, code: "AmazonEC2", category: "Storage", subcategory: "Block Storage", family: "Storage", usageType: "EBS:VolumeUsage.gp3", operation: "CreateVolume-Gp3", unit: "GB-Mo", prices: [3]string{"0.08", "0.088", "0.0952"}, text: "$ per GB-month of General Purpose (gp3) provisioned storage", resource: "vol-0################", perHour: "0.2688172043"},
	{service: "AWS Lambda", code: "AWSLambda", category: "Compute", subcategory: "Serverless Compute", family: "Serverless", usageType: "Lambda-GB-Second", operation: "Invoke", unit: "Lambda-GB-Second", prices: [3]string{"0.0000166667", "0.0000166667", "0.0000166667"}, text: "AWS Lambda - Total Compute: $ per GB-second", resource: "arn:aws:lambda:@:%:function:orders-######", when: sporadic, perHour: "3120.4417823561"},
	{service: "Amazon Relational Database Service", code: "AmazonRDS", category: "Databases", subcategory: "Relational Databases", family: "Database Instance", usageType: "InstanceUsage:db.m5.large", operation: "CreateDBInstance:0014", unit: "Hrs", prices: [3]string{"0.178", "0.197", "0.212"}, text: "$ per RDS db.m5.large Single-AZ instance hour running PostgreSQL", instance: "db.m5.large", vcpu: "2", memory: "8 GiB", resource: "arn:aws:rds:@:%:db:db-######"},
	{service: "AWS Data Transfer", code: "AWSDataTransfer", category: "Networking", subcategory: "Network Infrastructure", family: "Data Transfer", usageType: "DataTransfer-Out-Bytes", operation: "RunInstances", unit: "GB", prices: [3]string{"0.09", "0.09", "0.09"}, text: "$ per GB - first 10 TB / month data transfer out", perHour: "1.2904417763"},
	{service: ec2, code: "AmazonEC2", category: "Compute", subcategory: "Virtual Machines", family: "Compute Instance", usageType: "BoxUsage:c5.xlarge", operation: "RunInstances", unit: "Hrs", prices: [3]string{"0.17", "0.192", "0.194"}, text: linux + "c5.xlarge Instance Hour", instance: "c5.xlarge", vcpu: "4", memory: "8 GiB", resource: "i-0################", when: nightly},
	{service: "AmazonCloudWatch", code: "AmazonCloudWatch", category: "Management and Governance", subcategory: "Observability", family: "Data Payload", usageType: "DataProcessing-Bytes", operation: "PutLogEvents", unit: "GB", prices: [3]string{"0.50", "0.57", "0.63"}, text: "$ per GB custom log data ingested", resource: "arn:aws:logs:@:%:log-group:app-######", perHour: "0.0721093386"},
	{service: ec2, code: "AmazonEC2", category: "Compute", subcategory: "Virtual Machines", family: "Compute Instance", usageType: "BoxUsage:t3.medium", operation: "RunInstances", unit: "Hrs", prices: [3]string{"0.0416", "0.0456", "0.048"}, text: linux + "t3.medium Instance Hour", instance: "t3.medium", vcpu: "2", memory: "4 GiB", resource: "i-0################", when: office},
	{service: "Amazon Simple Storage Service", code: "AmazonS3", category: "Storage", subcategory: "Object Storage", family: "API Request", usageType: "Requests-Tier1", operation: "PutObject", unit: "Requests", prices: [3]string{"0.000005", "0.000005", "0.0000054"}, text: "$ per PUT, COPY, POST, or LIST requests", resource: "data-########", when: sporadic, perHour: "2841"},
	{service: ec2, code: "AmazonEC2", category: "Networking", subcategory: "Network Infrastructure", family: "NAT Gateway", usageType: "NatGateway-Hours", operation: "NatGateway", unit: "Hrs", prices: [3]string{"0.045", "0.048", "0.052"}, text: "$ per NAT Gateway Hour", resource: "arn:aws:ec2:@:%:natgateway/nat-0################"},
	{service: "Amazon DynamoDB", code: "AmazonDynamoDB", category: "Databases", subcategory: "NoSQL Databases", family: "Amazon DynamoDB PayPerRequest Throughput", usageType: "WriteRequestUnits", operation: "PayPerRequestThroughput", unit: "WriteRequestUnits", prices: [3]string{"0.000000625", "0.000000705", "0.000000762"}, text: "$ per write request unit", resource: "arn:aws:dynamodb:@:%:table/events-######", when: sporadic, perHour: "61873"},
	{service: "Elastic Load Balancing", code: "AWSELB", category: "Networking", subcategory: "Application Networking", family: "Load Balancer-Application", usageType: "LoadBalancerUsage", operation: "LoadBalancing:Application", unit: "Hrs", prices: [3]string{"0.0225", "0.0252", "0.027"}, text: "$ per Application LoadBalancer-hour (or partial hour)", resource: "arn:aws:elasticloadbalancing:@:%:loadbalancer/app/web-######/################"},
	{service: "Amazon Simple Queue Service", code: "AWSQueueService", category: "Integration", subcategory: "Messaging", family: "API Request", usageType: "Requests-RBP", operation: "SendMessage", unit: "Requests", prices: [3]string{"0.0000004", "0.0000004", "0.0000004"}, text: "$ per Amazon SQS standard request in Tier1", resource: "arn:aws:sqs:@:%:jobs-######", when: sporadic, perHour: "20417"},
	{service: ec2, code: "AmazonEC2", category: "Compute", subcategory: "Virtual Machines", family: "Compute Instance", usageType: "BoxUsage:r5.large", operation: "RunInstances", unit: "Hrs", prices: [3]string{"0.126", "0.141", "0.152"}, text: linux + "r5.large Instance Hour", instance: "r5.large", vcpu: "2", memory: "16 GiB", resource: "i-0################"},
	{service: "AWS Key Management Service", code: "awskms", category: "Security", subcategory: "Security Posture Management", family: "API Request", usageType: "KMS-Requests", operation: "Decrypt", unit: "Requests", prices: [3]string{"0.000003", "0.000003", "0.000003"}, text: "$ per KMS request", resource: "arn:aws:kms:@:%:key/########", when: sporadic, perHour: "731"},
}

// azureOffers are pay-as-you-go prices of East US, West Europe and North Europe.
var azureOffers = []offer{
	{service: "Virtual Machines", code: "Microsoft.Compute", category: "Compute", subcategory: "Virtual Machines", family: "D4s v5", operation: "virtualMachines", unit: "Hours", prices: [3]string{"0.192", "0.23", "0.214"}, text: "Virtual Machines Dsv5 Series - D4s v5", instance: "Standard_D4s_v5", vcpu: "4", memory: "16", resource: "providers/Microsoft.Compute/virtualMachines/vm-######"},
	{service: "Storage Accounts", code: "Microsoft.Storage", category: "Storage", subcategory: "Object Storage", family: "Hot LRS Data Stored", operation: "storageAccounts", unit: "GB-Months", prices: [3]string{"0.0184", "0.0196", "0.0184"}, text: "General Block Blob v2 - Hot LRS Data Stored", resource: "providers/Microsoft.Storage/storageAccounts/st########", perHour: "0.6173"},
	{service: "Azure SQL Database", code: "Microsoft.Sql", category: "Databases", subcategory: "Relational Databases", family: "vCore", operation: "servers/databases", unit: "Hours", prices: [3]string{"0.252", "0.304", "0.279"}, text: "SQL Database Single General Purpose - Compute Gen5 - vCore", resource: "providers/Microsoft.Sql/servers/sql-######/databases/main"},
	{service: "Azure Functions", code: "Microsoft.Web", category: "Compute", subcategory: "Serverless Compute", family: "Standard Execution Time", operation: "sites", unit: "GB-Seconds", prices: [3]string{"0.000016", "0.000016", "0.000016"}, text: "Functions - Standard Execution Time", resource: "providers/Microsoft.Web/sites/fn-######", when: sporadic, perHour: "2216.4031"},
	{service: "Virtual Machines", code: "Microsoft.Compute", category: "Compute", subcategory: "Virtual Machines", family: "B2ms", operation: "virtualMachines", unit: "Hours", prices: [3]string{"0.0832", "0.096", "0.0912"}, text: "Virtual Machines BS Series - B2ms", instance: "Standard_B2ms", vcpu: "2", memory: "8", resource: "providers/Microsoft.Compute/virtualMachines/vm-######", when: office},
	{service: "Managed Disks", code: "Microsoft.Compute", category: "Storage", subcategory: "Block Storage", family: "P10 LRS Disk", operation: "disks", unit: "Disk-Months", prices: [3]string{"19.71", "21.68", "21.68"}, text: "Premium SSD Managed Disks - P10 LRS", resource: "providers/Microsoft.Compute/disks/disk-######", perHour: "0.0014"},
	{service: "Bandwidth", code: "Microsoft.Network", category: "Networking", subcategory: "Network Infrastructure", family: "Standard Data Transfer Out", operation: "publicIPAddresses", unit: "GB", prices: [3]string{"0.087", "0.087", "0.087"}, text: "Rtn Preference: MGN - Standard Data Transfer Out", resource: "providers/Microsoft.Network/publicIPAddresses/ip-######", perHour: "0.9126"},
	{service: "Log Analytics", code: "Microsoft.OperationalInsights", category: "Management and Governance", subcategory: "Observability", family: "Analytics Logs Data Ingestion", operation: "workspaces", unit: "GB", prices: [3]string{"2.30", "2.76", "2.76"}, text: "Log Analytics - Analytics Logs Data Ingestion", resource: "providers/Microsoft.OperationalInsights/workspaces/log-######", perHour: "0.0412"},
	{service: "Virtual Machines", code: "Microsoft.Compute", category: "Compute", subcategory: "Virtual Machines", family: "D2s v5 Spot", operation: "virtualMachines", unit: "Hours", prices: [3]string{"0.0192", "0.023", "0.0214"}, text: "Virtual Machines Dsv5 Series - D2s v5 Spot", instance: "Standard_D2s_v5", vcpu: "2", memory: "8", resource: "providers/Microsoft.Compute/virtualMachines/batch-######", when: nightly},
	{service: "Key Vault", code: "Microsoft.KeyVault", category: "Security", subcategory: "Security Posture Management", family: "Operations", operation: "vaults", unit: "10K Operations", prices: [3]string{"0.03", "0.03", "0.03"}, text: "Key Vault - Operations", resource: "providers/Microsoft.KeyVault/vaults/kv-######", when: sporadic, perHour: "0.0713"},
	{service: "Azure App Service", code: "Microsoft.Web", category: "Compute", subcategory: "Containers", family: "P1 v3 App", operation: "serverFarms", unit: "Hours", prices: [3]string{"0.155", "0.17", "0.167"}, text: "Azure App Service Premium v3 Plan - Linux - P1 v3", resource: "providers/Microsoft.Web/serverFarms/plan-######"},
}

// gcpOffers are list prices of Iowa, Belgium and Frankfurt.
var gcpOffers = []offer{
	{service: "Compute Engine", code: "6F81-5844-456A", category: "Compute", subcategory: "Virtual Machines", family: "N2 Instance Core", operation: "compute.googleapis.com", unit: "Hours", prices: [3]string{"0.031611", "0.034806", "0.040701"}, text: "N2 Instance Core running", instance: "n2-standard-4", vcpu: "4", memory: "16", resource: "//compute.googleapis.com/projects/%/zones/@/instances/########", perHour: "4"},
	{service: "Compute Engine", code: "6F81-5844-456A", category: "Compute", subcategory: "Virtual Machines", family: "N2 Instance Ram", operation: "compute.googleapis.com", unit: "GiB-Hours", prices: [3]string{"0.004237", "0.004664", "0.005453"}, text: "N2 Instance Ram running", instance: "n2-standard-4", vcpu: "4", memory: "16", resource: "//compute.googleapis.com/projects/%/zones/@/instances/########", perHour: "16"},
	{service: "BigQuery", code: "24E6-581D-38E5", category: "Analytics", subcategory: "Data Warehouses", family: "Analysis", operation: "bigquery.googleapis.com", unit: "TiB", prices: [3]string{"6.25", "6.25", "8.125"}, text: "Analysis", resource: "//bigquery.googleapis.com/projects/%/datasets/ds_######", when: sporadic, perHour: "0.0517"},
	{service: "Cloud Storage", code: "95FF-2EF5-5EA1", category: "Storage", subcategory: "Object Storage", family: "Standard Storage", operation: "storage.googleapis.com", unit: "GiB-Months", prices: [3]string{"0.02", "0.02", "0.023"}, text: "Standard Storage Regional", resource: "//storage.googleapis.com/projects/_/buckets/bkt-########", perHour: "1.1873"},
	{service: "BigQuery", code: "24E6-581D-38E5", category: "Analytics", subcategory: "Data Warehouses", family: "Active Storage", operation: "bigquery.googleapis.com", unit: "GiB-Months", prices: [3]string{"0.02", "0.02", "0.023"}, text: "Active Logical Storage", resource: "//bigquery.googleapis.com/projects/%/datasets/ds_######", perHour: "0.7731"},
	{service: "Cloud Run", code: "152E-C115-5142", category: "Compute", subcategory: "Serverless Compute", family: "Services CPU", operation: "run.googleapis.com", unit: "vCPU-Seconds", prices: [3]string{"0.000024", "0.000024", "0.0000336"}, text: "Services CPU (Request-based billing)", resource: "//run.googleapis.com/projects/%/locations/@/services/svc-######", when: sporadic, perHour: "1805.2217"},
	{service: "Compute Engine", code: "6F81-5844-456A", category: "Compute", subcategory: "Virtual Machines", family: "E2 Instance Core", operation: "compute.googleapis.com", unit: "Hours", prices: [3]string{"0.02181159", "0.02399285", "0.02810265"}, text: "Spot Preemptible E2 Instance Core running", instance: "e2-standard-2", vcpu: "2", memory: "8", resource: "//compute.googleapis.com/projects/%/zones/@/instances/batch-######", when: nightly, perHour: "2"},
	{service: "Cloud SQL", code: "9662-B51E-5089", category: "Databases", subcategory: "Relational Databases", family: "Cloud SQL for PostgreSQL vCPU", operation: "sqladmin.googleapis.com", unit: "Hours", prices: [3]string{"0.0413", "0.0454", "0.0537"}, text: "Cloud SQL for PostgreSQL: Zonal - vCPU", resource: "//cloudsql.googleapis.com/projects/%/instances/pg-######", perHour: "2"},
	{service: "Networking", code: "E505-1604-58F8", category: "Networking", subcategory: "Network Infrastructure", family: "Network Internet Egress", operation: "compute.googleapis.com", unit: "GiB", prices: [3]string{"0.085", "0.085", "0.085"}, text: "Network Internet Data Transfer Out", perHour: "0.6608"},
	{service: "Cloud Logging", code: "5490-F7B7-8DF6", category: "Management and Governance", subcategory: "Observability", family: "Log Storage cost", operation: "logging.googleapis.com", unit: "GiB", prices: [3]string{"0.50", "0.50", "0.50"}, text: "Log Storage cost", resource: "//logging.googleapis.com/projects/%/buckets/default", perHour: "0.0539"},
}

// newItem returns offer o of provider in its n-th region, at a negotiated
// discount of percent.
func newItem(provider string, o *offer, n int, percent int64) *item {
	r := regions[provider][n]
	it := &item{offer: o, region: &r, price: units(o.prices[n])}
	it.contracted = it.price - share(it.price, percent)
	it.usageType = r.prefix + o.usageType
	if provider != "aws" {
		it.usageType = o.family
	}
	it.sku, it.priceID = skuID(provider, o, r.id), skuID(provider, o, r.id+" price")
	it.perHour = pow10[unitScale]
	if o.perHour != "" {
		it.perHour = units(o.perHour)
	}
	it.text = strings.Replace(o.text, dollar, dollar+o.prices[n], 1)
	return it
}

// skuID derives an identifier of the provider's shape from what it names.
func skuID(provider string, o *offer, place string) string {
	h := fnv.New64a()
	for _, s := range []string{provider, o.service, o.usageType, o.family, o.operation, place} {
		_, _ = h.Write([]byte(s))
		_, _ = h.Write([]byte{0})
	}
	sum := h.Sum(nil)
	switch provider {
	case "aws":
		return base32.StdEncoding.EncodeToString(append(sum, sum[:2]...))
	case "gcp":
		hex := strings.ToUpper(strconv.FormatUint(h.Sum64()|1<<63, 16))
		return hex[:4] + "-" + hex[4:8] + "-" + hex[8:12]
	}
	hex := strconv.FormatUint(h.Sum64()|1<<63, 16)
	return "DZH318Z0" + strings.ToUpper(hex[:4]) + "/" + strings.ToUpper(hex[4:8])
}
