package synthetic

import "math/rand/v2"

// product is something that a provider sells by the hour or by the meter.
type product struct {
	service, category string
	family            string // resource type
	usageType         string // without the region's prefix
	operation         string
	unit              string
	price             int64 // list price of a unit in us-east-1, 10^-10 USD
	quantity          int64 // of a line: always this one, or about this one where metered; 10^-10
	metered           bool
	weight            int // how often a resource is of this product
	arn               string
}

const unit = 1e10 // 1 at the scale of prices and quantities

// products are what a believable account uses, at public on-demand prices.
var products = []product{
	{"Amazon Elastic Compute Cloud", "Compute", "Instance", "BoxUsage:t3.medium", "RunInstances", "Hrs", 416e6, unit, false, 14, "instance/i-"},
	{"Amazon Elastic Compute Cloud", "Compute", "Instance", "BoxUsage:m5.large", "RunInstances", "Hrs", 960e6, unit, false, 16, "instance/i-"},
	{"Amazon Elastic Compute Cloud", "Compute", "Instance", "BoxUsage:m5.xlarge", "RunInstances", "Hrs", 1920e6, unit, false, 10, "instance/i-"},
	{"Amazon Elastic Compute Cloud", "Compute", "Instance", "BoxUsage:c5.2xlarge", "RunInstances", "Hrs", 3400e6, unit, false, 7, "instance/i-"},
	{"Amazon Elastic Compute Cloud", "Compute", "Instance", "BoxUsage:r5.xlarge", "RunInstances:0002", "Hrs", 2520e6, unit, false, 5, "instance/i-"},
	{"Amazon Elastic Compute Cloud", "Compute", "Instance", "BoxUsage:m5.2xlarge", "RunInstances:0002", "Hrs", 7520e6, unit, false, 3, "instance/i-"},
	{"Amazon Elastic Compute Cloud", "Storage", "Volume", "EBS:VolumeUsage.gp3", "CreateVolume-Gp3", "GB-Mo", 800e6, 1344086021, false, 22, "volume/vol-"},
	{"Amazon Elastic Compute Cloud", "Storage", "Volume", "EBS:VolumeUsage.gp2", "CreateVolume-Gp2", "GB-Mo", 1000e6, 672043011, false, 8, "volume/vol-"},
	{"Amazon Elastic Compute Cloud", "Storage", "Snapshot", "EBS:SnapshotUsage", "CreateSnapshot", "GB-Mo", 500e6, 268817204, true, 6, "snapshot/snap-"},
	{"Amazon Elastic Compute Cloud", "Networking", "NAT Gateway", "NatGateway-Hours", "NatGateway", "Hrs", 450e6, unit, false, 3, "natgateway/nat-"},
	{"Amazon Elastic Compute Cloud", "Networking", "NAT Gateway", "NatGateway-Bytes", "NatGateway", "GB", 450e6, 21473920000, true, 3, "natgateway/nat-"},
	{"Amazon Elastic Compute Cloud", "Networking", "Instance", "DataTransfer-Out-Bytes", "RunInstances", "GB", 900e6, 3147483000, true, 8, "instance/i-"},
	{"Amazon Elastic Compute Cloud", "Networking", "Instance", "DataTransfer-Regional-Bytes", "InterZone-In", "GB", 100e6, 9147483000, true, 7, "instance/i-"},
	{"Elastic Load Balancing", "Networking", "Load Balancer", "LoadBalancerUsage", "LoadBalancing:Application", "Hrs", 225e6, unit, false, 4, "loadbalancer/app/"},
	{"Elastic Load Balancing", "Networking", "Load Balancer", "LCUUsage", "LoadBalancing:Application", "LCU-Hrs", 80e6, 7312000000, true, 4, "loadbalancer/app/"},
	{"Amazon Relational Database Service", "Databases", "DB Instance", "InstanceUsage:db.m5.large", "CreateDBInstance:0014", "Hrs", 1780e6, unit, false, 5, "db:"},
	{"Amazon Relational Database Service", "Databases", "DB Instance", "Multi-AZUsage:db.r5.large", "CreateDBInstance:0002", "Hrs", 4800e6, unit, false, 3, "db:"},
	{"Amazon Relational Database Service", "Databases", "DB Instance", "RDS:GP3-Storage", "CreateDBInstance", "GB-Mo", 1150e6, 2688172043, false, 4, "db:"},
	{"Amazon Simple Storage Service", "Storage", "Bucket", "TimedStorage-ByteHrs", "StandardStorage", "GB-Mo", 230e6, 13440860215, true, 6, ""},
	{"Amazon Simple Storage Service", "Storage", "Bucket", "Requests-Tier1", "PutObject", "Requests", 50000, 3210 * unit, true, 5, ""},
	{"Amazon Simple Storage Service", "Storage", "Bucket", "Requests-Tier2", "GetObject", "Requests", 4000, 15321 * unit, true, 6, ""},
	{"AWS Lambda", "Compute", "Function", "Lambda-GB-Second", "Invoke", "Lambda-GB-Second", 166667, 4213 * unit, true, 6, "function:"},
	{"AWS Lambda", "Compute", "Function", "Request", "Invoke", "Requests", 2000, 9321 * unit, true, 5, "function:"},
	{"Amazon CloudWatch", "Management and Governance", "Log Group", "DataProcessing-Bytes", "PutLogEvents", "GB", 5000e6, 731200000, true, 4, "log-group:"},
	{"Amazon DynamoDB", "Databases", "Table", "WriteRequestUnits", "CommittedThroughput", "WriteRequestUnits", 12500, 5312 * unit, true, 4, "table/"},
	{"Amazon ElastiCache", "Databases", "Cache Node", "NodeUsage:cache.r6g.large", "CreateCacheCluster:0002", "Hrs", 2060e6, unit, false, 3, "cluster:"},
	{"Amazon Elastic Container Service for Kubernetes", "Compute", "Cluster", "AmazonEKS-Hours:perCluster", "CreateOperation", "Hrs", 1000e6, unit, false, 2, "cluster/"},
}

// region is where resources run.
type region struct {
	id, name, prefix string
	percent          int64 // of the price in us-east-1
	weight           int
}

var regions = []region{
	{"us-east-1", "US East (N. Virginia)", "USE1-", 100, 8},
	{"eu-west-1", "EU (Ireland)", "EU-", 111, 6},
	{"eu-central-1", "EU (Frankfurt)", "EUC1-", 120, 4},
	{"eu-central-2", "Europe (Zurich)", "EUC2-", 132, 2},
	{"us-west-2", "US West (Oregon)", "USW2-", 100, 3},
	{"ap-southeast-1", "Asia Pacific (Singapore)", "APS1-", 125, 1},
}

// tag is what a resource's lines are tagged with.
var (
	costCentres  = []string{"1010", "1020", "1030", "1040", "1050", "1060", "2010", "2020", "2030", "3010", "3020", "4010", "4020", "5010", "6010", "7010", "9990"}
	environments = []string{"prod", "stage", "test", "dev"}
)

// pick returns the index of one of n things with the odds that weight says.
func pick(r *rand.Rand, n int, weight func(int) int) int {
	total := 0
	for i := range n {
		total += weight(i)
	}
	at := r.IntN(total)
	for i := range n {
		if at -= weight(i); at < 0 {
			return i
		}
	}
	return n - 1
}
